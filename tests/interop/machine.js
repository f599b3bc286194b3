// An OPC UA machine on node-opcua, an implementation that shares no code with asyncua.
// Usage: node machine.js '{"port", "pki", "tags", "periodMs", "secure", "browse"}'; prints READY, then one line per value it takes.
"use strict";
const {
  DataType,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  VariantArrayType,
  standardUnits,
} = require("node-opcua");

const wishes = JSON.parse(process.argv[2]);

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

async function main() {
  const certificates = new OPCUACertificateManager({
    rootFolder: wishes.pki,
    automaticallyAcceptUnknownCertificate: true,
  });
  await certificates.initialize();
  const server = new OPCUAServer({
    port: wishes.port,
    hostname: "127.0.0.1",
    resourcePath: "/machine",
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
    securityModes: [wishes.secure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None],
    securityPolicies: wishes.secure
      ? [SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep, SecurityPolicy.Aes256_Sha256_RsaPss]
      : [SecurityPolicy.None],
    allowAnonymous: !wishes.secure,
    userManager: { isValidUser: (user, password) => user === "edge" && password === "planted-secret" },
    serverCapabilities: {
      maxSessions: 20,
      operationLimits: {
        maxMonitoredItemsPerCall: 2,
        maxNodesPerTranslateBrowsePathsToNodeIds: 2,
        maxNodesPerBrowse: wishes.browse,
        maxNodesPerRead: wishes.browse ? 3 * wishes.browse : undefined,
      },
    },
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  const namespace = space.registerNamespace("urn:pilotline:interop");
  const folder = namespace.addObject({ browseName: "Mill", organizedBy: space.rootFolder.objects });
  const variables = wishes.tags.map((tag) =>
    namespace.addVariable({
      componentOf: folder,
      browseName: tag,
      nodeId: `s=${tag}`,
      dataType: "Double",
      minimumSamplingInterval: 20,
      value: { dataType: DataType.Double, value: 0 },
    }),
  );
  if (wishes.browse) addFurniture(namespace, folder);
  await server.start();
  process.stdout.write("READY\n");
  let count = 0;
  const timer = setInterval(() => {
    count += 1;
    for (const variable of variables) {
      const now = new Date();
      variable.setValueFromSource({ dataType: DataType.Double, value: count }, StatusCodes.Good, now);
      process.stdout.write(`${variable.browseName.name} ${now.getTime()} ${count}\n`);
    }
  }, wishes.periodMs);
  process.on("SIGTERM", async () => {
    clearInterval(timer);
    await server.shutdown(0);
    process.exit(0);
  });
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
