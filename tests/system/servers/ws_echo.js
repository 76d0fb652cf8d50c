// SPDX-License-Identifier: BSL-1.0
// An echo server on ws (npm), which is looked for in the folder WEBSOCKXX_NODE_MODULES, then in the node_modules of the
// current folder and of those above it, then where node looks (NODE_PATH). It writes "port N" when it listens, and ends
// with its input.
//
// /       each message comes back
// /close  the first message is answered with close 4001 "bye"
// /ping   each message is sent as a ping, and comes back when its pong has come
"use strict";

const fs = require("fs");
const http = require("http");
const https = require("https");
const { createRequire } = require("module");
const path = require("path");
const { parseArgs } = require("util");

function load(name) {
  const folders = [process.env.WEBSOCKXX_NODE_MODULES, process.cwd()].filter(Boolean);
  for (const folder of folders) {
    try {
      return createRequire(path.resolve(folder, "any.js"))(name);
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  try {
    return require(name);
  } catch {
    console.error(`The npm package ${name} is missing: npm install ${name}, and name the node_modules folder in ` +
      "WEBSOCKXX_NODE_MODULES");
    process.exit(1);
  }
}

const { values: options } = parseArgs({
  options: {
    certificate: { type: "string" },
    "private-key": { type: "string" },
    deflate: { type: "boolean", default: false },
    subprotocol: { type: "string", multiple: true, default: [] },
  },
});

const { WebSocketServer } = load("ws");

const server = options.certificate
  ? https.createServer({
    cert: fs.readFileSync(options.certificate),
    key: fs.readFileSync(options["private-key"]),
  })
  : http.createServer();

const sockets = new WebSocketServer({
  server,
  maxPayload: 32 * 1024 * 1024,
  perMessageDeflate: options.deflate,
  handleProtocols: (offered) => [...offered].find((name) => options.subprotocol.includes(name)) ?? false,
});

sockets.on("connection", (socket, request) => {
  socket.on("error", (error) => console.error(error.message));
  socket.on("message", (data, binary) => {
    if (request.url === "/close") socket.close(4001, "bye");
    else if (request.url === "/ping") socket.ping(data);
    else socket.send(data, { binary });
  });
  if (request.url === "/ping") socket.on("pong", (data) => socket.send(data.toString()));
});

server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
