// What the node-opcua servers of this folder share: where they listen, whom they trust, and how they speak to the tests.
"use strict";
const { MessageSecurityMode, OPCUACertificateManager, OPCUAServer, SecurityPolicy } = require("node-opcua");

const wishes = JSON.parse(process.argv[2]);

/** Tells a line on standard output. */
function tell(...words) {
  process.stdout.write(`${words.join(" ")}\n`);
}

/** Returns a server that takes whoever comes, unsecured where the options do not say otherwise. */
async function makeServer(options) {
  const certificates = new OPCUACertificateManager({ rootFolder: wishes.pki, automaticallyAcceptUnknownCertificate: true });
  await certificates.initialize();
  const server = new OPCUAServer({
    port: wishes.port,
    hostname: "127.0.0.1",
    resourcePath: "/machine",
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
    securityModes: [MessageSecurityMode.None],
    securityPolicies: [SecurityPolicy.None],
    ...options,
  });
  await server.initialize();
  return server;
}

/** Runs a script; whatever fails ends it with an error. */
function run(main) {
  main().catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
}

module.exports = { makeServer, run, tell, wishes };
