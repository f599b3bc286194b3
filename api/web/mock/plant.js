/** A plant like the institute's: 24 machines of six sectors on four sites. */

/** @typedef {{id: string, name: string, unit: {ucum: string, symbol: string}, data_type: string, key: boolean, role: string, limits: null | {low_low: number | null, low: number | null, high: number | null, high_high: number | null}, rest: number, run: number, swing: number, slow: boolean}} Tag */
/** @typedef {{id: string, name: string, kind: string, sector: string, site: string, hall: string, calendar: string, tags: Tag[]}} Machine */

export const PLANT = {
  name: 'Pilot production',
  sites: [
    site('taastrup', 'Taastrup', 'Europe/Copenhagen', 'DK', 'Institute', false, ['Hall A', 'Hall B', 'Clean room']),
    site('aarhus', 'Aarhus', 'Europe/Copenhagen', 'DK', 'Institute', false, ['Food hall', 'Process hall']),
    site('odense', 'Odense', 'Europe/Copenhagen', 'DK', 'Nordlys Robotics', true, ['Cell 1']),
    site('raleigh', 'Raleigh', 'America/New_York', 'US', 'Carolina Bioworks', true, ['Suite 4']),
  ],
};

/**
 * @param {string} id @param {string} name @param {string} time_zone @param {string} country @param {string} owner
 * @param {boolean} partner @param {string[]} halls
 */
function site(id, name, time_zone, country, owner, partner, halls) {
  return { id, name, time_zone, country, owner, partner, halls: halls.map((hall, at) => ({ id: `${id}-h${at + 1}`, name: hall })) };
}

/**
 * A measured tag: what it rests at, what it runs at, how much it swings.
 * @param {string} id @param {string} name @param {string} ucum @param {string} symbol @param {number} rest
 * @param {number} run @param {number} swing @param {{key?: boolean, high?: number, slow?: boolean, low?: number}} [more]
 * @returns {Tag}
 */
function tag(id, name, ucum, symbol, rest, run, swing, { key = false, high, low, slow = false } = {}) {
  const limits =
    high === undefined && low === undefined
      ? null
      : {
          low_low: low === undefined ? null : round(low * 0.9),
          low: low ?? null,
          high: high ?? null,
          high_high: high === undefined ? null : round(high * 1.1),
        };
  return { id, name, unit: { ucum, symbol }, data_type: 'Double', key, role: 'value', limits, rest, run, swing, slow };
}

/** @param {number} value */
const round = (value) => Math.round(value * 100) / 100;

/** @returns {Tag[]} */
function common() {
  const plain = { key: false, limits: null, rest: 0, run: 0, swing: 0, slow: false };
  return [
    { ...plain, id: 'state', name: 'PackML state', unit: { ucum: '1', symbol: '' }, data_type: 'UInt16', role: 'state' },
    { ...plain, id: 'job', name: 'Current operation', unit: { ucum: '1', symbol: '' }, data_type: 'String', role: 'job' },
    { ...plain, id: 'good', name: 'Good parts', unit: { ucum: '1', symbol: '' }, data_type: 'UInt32', role: 'count' },
    { ...plain, id: 'energy', name: 'Energy', unit: { ucum: 'kW.h', symbol: 'kWh' }, data_type: 'Double', role: 'energy' },
    { ...plain, id: 'door', name: 'Guard door closed', unit: { ucum: '1', symbol: '' }, data_type: 'Boolean', role: 'value' },
  ];
}

/** @type {Record<string, () => Tag[]>} */
const TAGS = {
  'cnc-mill': () => [
    tag('spindle_speed', 'Spindle speed', '/min', 'min⁻¹', 0, 8000, 60, { key: true, high: 12000 }),
    tag('spindle_load', 'Spindle load', '%', '%', 2, 54, 14, { key: true, high: 85 }),
    tag('spindle_temp', 'Spindle temperature', 'Cel', '°C', 24, 47, 3, { key: true, high: 65, slow: true }),
    tag('feed', 'Feed rate', 'mm/min', 'mm/min', 0, 2400, 320),
    tag('coolant_flow', 'Coolant flow', 'L/min', 'L/min', 0, 18, 0.8, { low: 8 }),
    tag('vibration', 'Vibration', 'mm/s', 'mm/s', 0.2, 2.1, 0.6, { high: 4.5 }),
  ],
  oven: () => [
    tag('chamber_temp', 'Chamber temperature', 'Cel', '°C', 24, 182, 1.8, { key: true, high: 195, low: 15, slow: true }),
    tag('humidity', 'Relative humidity', '%', '% RH', 41, 63, 2.4, { key: true, slow: true }),
    tag('fan_speed', 'Fan speed', '/min', 'min⁻¹', 0, 1450, 12),
    tag('heater_power', 'Heater power', 'kW', 'kW', 0.2, 21.5, 2.8, { key: true, high: 32 }),
  ],
  reactor: () => [
    tag('temp', 'Jacket temperature', 'Cel', '°C', 21, 68, 1.1, { key: true, high: 80, slow: true }),
    tag('pressure', 'Pressure', 'bar', 'bar', 1.01, 2.64, 0.12, { key: true, high: 3.2 }),
    tag('ph', 'pH', '[pH]', 'pH', 7, 5.4, 0.15, { key: true, low: 4.6, slow: true }),
    tag('stirrer', 'Stirrer speed', '/min', 'min⁻¹', 0, 240, 3),
    tag('level', 'Level', '%', '%', 12, 71, 1.4, { high: 90, slow: true }),
  ],
  'pick-place': () => [
    tag('rate', 'Placement rate', '/h', '/h', 0, 18400, 900, { key: true }),
    tag('head_temp', 'Head temperature', 'Cel', '°C', 23, 38, 1.2, { key: true, high: 55, slow: true }),
    tag('vacuum', 'Vacuum', 'kPa', 'kPa', -2, -78, 2.5, { key: true }),
    tag('rejects', 'Reject share', '%', '%', 0, 0.42, 0.2, { high: 2 }),
  ],
  press: () => [
    tag('force', 'Press force', 'kN', 'kN', 0, 640, 46, { key: true, high: 900 }),
    tag('oil_temp', 'Oil temperature', 'Cel', '°C', 26, 52, 1.5, { key: true, high: 70, slow: true }),
    tag('stroke', 'Stroke rate', '/min', 'min⁻¹', 0, 14, 0.6, { key: true }),
  ],
  moulding: () => [
    tag('melt_temp', 'Melt temperature', 'Cel', '°C', 60, 226, 1.6, { key: true, high: 240, slow: true }),
    tag('inj_pressure', 'Injection pressure', 'bar', 'bar', 0, 812, 58, { key: true, high: 1100 }),
    tag('cycle', 'Cycle time', 's', 's', 0, 21.4, 0.4, { key: true }),
  ],
  cell: () => [
    tag('voltage', 'Stack voltage', 'V', 'V', 0.4, 48.6, 0.9, { key: true, low: 0.1 }),
    tag('current', 'Stack current', 'A', 'A', 0, 118, 6, { key: true, high: 160 }),
    tag('stack_temp', 'Stack temperature', 'Cel', '°C', 22, 71, 0.9, { key: true, high: 82, slow: true }),
    tag('h2_flow', 'Hydrogen flow', 'L/min', 'L/min', 0, 62, 2.1),
  ],
};

/** id, name, kind, sector, site, number of the hall */
const ROWS = /** @type {const} */ ([
  ['mill-1', '5-axis mill 1', 'cnc-mill', 'components', 'taastrup', 1],
  ['mill-2', '5-axis mill 2', 'cnc-mill', 'components', 'taastrup', 1],
  ['mill-3', 'Turn-mill centre', 'cnc-mill', 'components', 'taastrup', 1],
  ['press-1', 'Powder press', 'press', 'components', 'taastrup', 1],
  ['smt-1', 'SMT line 1', 'pick-place', 'electronics', 'taastrup', 2],
  ['smt-2', 'SMT line 2', 'pick-place', 'electronics', 'taastrup', 2],
  ['reflow-1', 'Reflow oven', 'oven', 'electronics', 'taastrup', 2],
  ['mould-1', 'Micro moulding 1', 'moulding', 'medical-devices', 'taastrup', 3],
  ['mould-2', 'Micro moulding 2', 'moulding', 'medical-devices', 'taastrup', 3],
  ['steril-1', 'Steriliser', 'oven', 'medical-devices', 'taastrup', 3],
  ['kiln-1', 'Tunnel kiln', 'oven', 'building-materials', 'taastrup', 2],
  ['block-1', 'Block press', 'press', 'building-materials', 'taastrup', 2],
  ['ferm-1', 'Fermenter 300 L', 'reactor', 'food-feed', 'aarhus', 1],
  ['ferm-2', 'Fermenter 2000 L', 'reactor', 'food-feed', 'aarhus', 1],
  ['spray-1', 'Spray dryer', 'oven', 'food-feed', 'aarhus', 1],
  ['extr-1', 'Twin-screw extruder', 'moulding', 'food-feed', 'aarhus', 1],
  ['mix-1', 'Mortar mixer', 'reactor', 'building-materials', 'aarhus', 2],
  ['cure-1', 'Curing chamber', 'oven', 'building-materials', 'aarhus', 2],
  ['stack-1', 'Electrolyser stack A', 'cell', 'energy', 'odense', 1],
  ['stack-2', 'Electrolyser stack B', 'cell', 'energy', 'odense', 1],
  ['coat-1', 'Electrode coater', 'oven', 'energy', 'odense', 1],
  ['pack-1', 'Module assembly cell', 'pick-place', 'energy', 'odense', 1],
  ['bio-1', 'Bioreactor 50 L', 'reactor', 'medical-devices', 'raleigh', 1],
  ['fill-1', 'Aseptic filler', 'pick-place', 'medical-devices', 'raleigh', 1],
]);

/** @type {Machine[]} */
export const MACHINES = ROWS.map(([id, name, kind, sector, siteId, hall]) => ({
  id,
  name,
  kind,
  sector,
  site: siteId,
  hall: `${siteId}-h${hall}`,
  calendar: `${siteId}-two-shifts`,
  tags: [...(TAGS[kind]?.() ?? []), ...common()],
}));

export const SECTORS = [...new Set(MACHINES.map((machine) => machine.sector))];

/** The machine as the HTTP interface shows it. @param {Machine} machine @param {boolean} staff */
export function machineBody(machine, staff) {
  const tags = machine.tags.map(({ id, name, unit, data_type, key, role, limits }) => ({ id, name, unit, data_type, key, role, limits }));
  return { ...machine, tags: staff ? tags : [] };
}
