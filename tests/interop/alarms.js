// A tank on node-opcua with a level alarm (OPC 10000-9), an implementation of conditions that shares no code with ours.
// Usage: node alarms.js '{"port", "pki"}'. Standard input takes a level a line, or EVENT severity message. Standard output tells READY,
// then each word when it is done.
"use strict";
const readline = require("node:readline");
const { DataType } = require("node-opcua");

const { makeServer, run, tell } = require("./server");

async function main() {
  const server = await makeServer();
  const space = server.engine.addressSpace;
  space.installAlarmsAndConditionsService();
  const namespace = space.registerNamespace("urn:pilotline:interop");
  const tank = namespace.addObject({
    browseName: "Tank",
    organizedBy: space.rootFolder.objects,
    notifierOf: space.rootFolder.objects.server,
    eventNotifier: 1,
  });
  const level = namespace.addVariable({
    browseName: "Level",
    componentOf: tank,
    nodeId: "s=level",
    eventSourceOf: tank,
    dataType: "Double",
    value: { dataType: DataType.Double, value: 50 },
  });
  namespace.instantiateExclusiveLimitAlarm("ExclusiveLimitAlarmType", {
    browseName: "LevelAlarm",
    nodeId: "s=level-alarm",
    componentOf: tank,
    conditionName: "TankLevel",
    conditionSource: level,
    inputNode: level,
    optionals: ["ConfirmedState", "Confirm"],
    lowLowLimit: 5,
    lowLimit: 10,
    highLimit: 80,
    highHighLimit: 90,
  });
  await server.start();
  tell("READY");
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [word, severity, ...message] = line.split(" ");
    if (word === "EVENT") {
      tank.raiseEvent("BaseEventType", {
        message: { dataType: DataType.LocalizedText, value: { text: message.join(" ") } },
        severity: { dataType: DataType.UInt16, value: Number(severity) },
      });
    } else level.setValueFromSource({ dataType: DataType.Double, value: Number(word) });
    tell(line);
  }
  process.exit(0);
}

run(main);
