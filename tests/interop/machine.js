// An OPC UA machine on node-opcua, an implementation that shares no code with asyncua.
// Usage: node machine.js '{"port", "pki", "tags", "periodMs", "secure", "browse", "resting", "ranged", "limits", "hidden"}'
// Standard input takes GO and REST, and ends it. Standard output tells a line each:
//   READY                  it listens
//   WRITTEN tag ms value   a variable took a value with this source time; no two values share one
//   SKIPPED ms             the server overwrote a value before its own timer had sampled it
//   ACKNOWLEDGED ms        a client acknowledged the message that a value was in
"use strict";
const readline = require("node:readline");
const {
  DataType,
  MessageSecurityMode,
  MonitoredItem,
  SecurityPolicy,
  StatusCodes,
  Subscription,
  Variant,
  VariantArrayType,
  standardUnits,
} = require("node-opcua");

const { makeServer, run, tell, wishes } = require("./server");
const REMEMBERED = 400;
// MaxSubscriptions, MaxMonitoredItems, MaxSubscriptionsPerSession, MaxMonitoredItemsPerSubscription of ServerCapabilities.
const HIDDEN = ["ns=0;i=24096", "ns=0;i=24097", "ns=0;i=24098", "ns=0;i=24104"];
const written = new Map(wishes.tags.map((tag) => [tag, []]));

// A variable is sampled by a timer: what is overwritten in between was never on its way.
function tellSkipped() {
  const enqueue = MonitoredItem.prototype._enqueue_value;
  const newest = new WeakMap();
  MonitoredItem.prototype._enqueue_value = function (dataValue) {
    const times = written.get(this.node?.browseName.name);
    const at = dataValue.sourceTimestamp?.getTime();
    if (times && at) {
      const before = newest.get(this) ?? at;
      for (const time of times) if (before < time && time < at) tell("SKIPPED", time);
      newest.set(this, at);
    }
    return enqueue.call(this, dataValue);
  };
}

function tellAcknowledged() {
  const acknowledge = Subscription.prototype.acknowledgeNotification;
  Subscription.prototype.acknowledgeNotification = function (sequenceNumber) {
    const message = this._sent_notification_messages.find((each) => each.sequenceNumber === sequenceNumber);
    for (const part of message?.notificationData ?? [])
      for (const item of part.monitoredItems ?? []) tell("ACKNOWLEDGED", item.value.sourceTimestamp.getTime());
    return acknowledge.call(this, sequenceNumber);
  };
}

// Writes every variable each period, or rests.
class Writer {
  #count = 0;
  #newest = 0;
  #timer = null;

  constructor(variables) {
    this.variables = variables;
  }

  go() {
    this.#timer ??= setInterval(() => this.#write(), wishes.periodMs);
  }

  rest() {
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #write() {
    this.#count += 1;
    for (const variable of this.variables) {
      const tag = variable.browseName.name;
      this.#newest = Math.max(Date.now(), this.#newest + 1);
      variable.setValueFromSource({ dataType: DataType.Double, value: this.#count }, StatusCodes.Good, new Date(this.#newest));
      const times = written.get(tag);
      times.push(this.#newest);
      if (times.length > REMEMBERED) times.shift();
      tell("WRITTEN", tag, this.#newest, this.#count);
    }
  }
}

// Nodes of the sorts that a browse meets besides plain numbers.
function addFurniture(namespace, folder) {
  namespace.addAnalogDataItem({
    componentOf: folder,
    browseName: "Pressure",
    dataType: "Double",
    engineeringUnitsRange: { low: 0, high: 10 },
    engineeringUnits: standardUnits.bar,
    value: { dataType: DataType.Double, value: 1 },
  });
  const mode = namespace.addEnumerationType({ browseName: "ModeEnum", enumeration: ["Off", "On"] });
  namespace.addVariable({ componentOf: folder, browseName: "Mode", dataType: mode, value: { dataType: DataType.Int32, value: 1 } });
  namespace.addVariable({
    componentOf: folder,
    browseName: "Axes",
    dataType: "Double",
    valueRank: 1,
    value: { dataType: DataType.Double, arrayType: VariantArrayType.Array, value: new Float64Array([1, 2, 3]) },
  });
}

/** Has `Server.ServiceLevel` read as a number from 0 to 255. */
function sayLevel(space, level) {
  const variable = space.findNode("ns=0;i=2267");
  variable.bindVariable({ get: () => new Variant({ dataType: DataType.Byte, value: level }) }, true);
}

/** Has a limit read as 0, which is none: the server then refuses without having told. */
function hideLimits(space) {
  const zero = { get: () => new Variant({ dataType: DataType.UInt32, value: 0 }) };
  for (const node of HIDDEN) space.findNode(node).bindVariable(zero, true);
}

async function main() {
  const server = await makeServer({
    securityModes: [wishes.secure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None],
    securityPolicies: wishes.secure
      ? [SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep, SecurityPolicy.Aes256_Sha256_RsaPss]
      : [SecurityPolicy.None],
    allowAnonymous: !wishes.secure,
    userManager: { isValidUser: (user, password) => user === "edge" && password === "planted-secret" },
    serverCapabilities: {
      maxSessions: 200,
      ...wishes.limits,
      operationLimits: {
        maxMonitoredItemsPerCall: 2,
        maxNodesPerTranslateBrowsePathsToNodeIds: 2,
        maxNodesPerBrowse: wishes.browse,
        maxNodesPerRead: wishes.browse ? 3 * wishes.browse : undefined,
      },
    },
  });
  const space = server.engine.addressSpace;
  const namespace = space.registerNamespace("urn:pilotline:interop");
  const folder = namespace.addObject({ browseName: "Mill", organizedBy: space.rootFolder.objects });
  const variables = wishes.tags.map((tag) => {
    const described = {
      componentOf: folder,
      browseName: tag,
      nodeId: `s=${tag}`,
      dataType: "Double",
      minimumSamplingInterval: 20,
      value: { dataType: DataType.Double, value: 0 },
    };
    if (!wishes.ranged?.includes(tag)) return namespace.addVariable(described);
    const range = { engineeringUnitsRange: { low: 0, high: 100 }, engineeringUnits: standardUnits.bar };
    return namespace.addAnalogDataItem({ ...described, ...range });
  });
  if (wishes.history) {
    for (const variable of variables) space.installHistoricalDataNode(variable, { maxOnlineValues: 5000 });
  }
  if (wishes.browse) addFurniture(namespace, folder);
  if (wishes.hidden) hideLimits(space);
  tellSkipped();
  tellAcknowledged();
  await server.start();
  const writer = new Writer(variables);
  if (!wishes.resting) writer.go();
  tell("READY");
  for await (const word of readline.createInterface({ input: process.stdin })) {
    if (word === "GO") writer.go();
    if (word === "REST") writer.rest();
    if (word.startsWith("LEVEL ")) sayLevel(space, Number(word.slice(6)));
    tell(word);
  }
  process.exit(0);
}

run(main);
