// An OPC UA machine of companion specifications on node-opcua: PackML, and structures, unions and matrices of its own.
// Usage: node companion.js '{"port", "pki"}'; prints READY.
"use strict";
const path = require("node:path");
const { DataType, VariantArrayType, nodesets } = require("node-opcua");

const { makeServer, run, tell } = require("./server");

// A packer of PackML with two counters.
function addPacker(space, index) {
  const type = space.findObjectType("PackMLBaseObjectType", index);
  const packer = type.instantiate({ browseName: "Packer", organizedBy: space.rootFolder.objects, optionals: ["Admin", "Admin.ProdProcessedCount"] });
  const count = space.findDataType("PackMLCountDataType", index);
  const counters = [7, 9].map((n) => space.constructExtensionObject(count, { iD: n, name: `SKU ${n}`, count: n, accCount: 100 * n }));
  const variable = packer.admin.prodProcessedCount;
  variable.setValueFromSource({ dataType: DataType.ExtensionObject, arrayType: VariantArrayType.Array, value: counters });
}

// Variables whose types structures.NodeSet2.xml describes, and a matrix.
function addStructures(space, namespace) {
  const organizedBy = space.rootFolder.objects;
  const construct = (name, fields) => space.constructExtensionObject(space.findDataType(name, namespace.index), fields);
  const axis = (load, more) => ({ load, mode: 1, at: { x: 4, y: 5 }, steps: [3, 4], ...more });
  const values = {
    Drive: { axes: [axis(2.5), axis(3.5, { limit: 80 })], since: new Date("2026-01-02T03:04:05Z") },
    Choice: { at: { x: 11, y: 12 } },
  };
  for (const [name, fields] of Object.entries(values))
    namespace.addVariable({
      browseName: name,
      nodeId: `s=${name}`,
      organizedBy,
      dataType: space.findDataType(name, namespace.index).nodeId,
      value: { dataType: DataType.ExtensionObject, value: construct(name, fields) },
    });
  const value = { dataType: DataType.Int32, arrayType: VariantArrayType.Matrix, dimensions: [2, 3], value: new Int32Array([1, 2, 3, 4, 5, 6]) };
  namespace.addVariable({ browseName: "Grid", nodeId: "s=Grid", organizedBy, dataType: "Int32", valueRank: 2, arrayDimensions: [2, 3], value });
}

async function main() {
  const server = await makeServer({
    nodeset_filename: [nodesets.standard, nodesets.packML, path.join(__dirname, "structures.NodeSet2.xml")],
  });
  const space = server.engine.addressSpace;
  addPacker(space, space.getNamespaceIndex("http://opcfoundation.org/UA/PackML/"));
  addStructures(space, space.getNamespace("urn:pilotline:companion"));
  await server.start();
  tell("READY");
  process.stdin.on("end", () => process.exit(0)).resume();
}

run(main);
