// Preloaded into the Node.js of a CDK app. Writes down what constructs read, list, copy or look for, and what they may not
// do: a line of JSON each, [what, path], into the file that PROVISIONING_NODE_REPORT names. watched.py does it for Python.

"use strict";

const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const programs = require("node:child_process");
const { syncBuiltinESMExports } = require("node:module");
const { fileURLToPath } = require("node:url");

const { appendFileSync } = fs;
const real = fs.realpathSync.native;
const report = process.env.PROVISIONING_NODE_REPORT;
const READS = [
  "access", "copyFile", "cp", "exists", "lstat", "open", "openAsBlob", "opendir", "readFile", "readdir", "readlink",
  "realpath", "stat", "watch", "watchFile",
];
const PROGRAMS = ["exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync"];
const { O_CREAT, O_WRONLY } = fs.constants;
const written = new Set();

function write(what, about) {
  const line = JSON.stringify([what, about]) + "\n";
  if (!written.has(line)) {
    written.add(line);
    appendFileSync(report, line);
  }
}

function whole(name) {
  const found = path.resolve(name instanceof URL ? fileURLToPath(name) : name.toString());
  try {
    return real(found);
  } catch {
    return found; // it is not there, which could change, too
  }
}

function writes(flags) {
  return typeof flags === "number" ? (flags & (O_WRONLY | O_CREAT)) !== 0 : /^[wa]/.test(flags ?? "");
}

function replace(owner, name, first) {
  const original = owner[name];
  if (typeof original !== "function") return;
  const replaced = function (...all) {
    first.call(this, ...all);
    return original.apply(this, all);
  };
  Object.defineProperties(replaced, Object.getOwnPropertyDescriptors(original));
  owner[name] = replaced;
}

function forbid(owner, name, allowed = () => false) {
  replace(owner, name, function (...all) {
    if (allowed(...all)) return;
    write("refused", name);
    throw new Error(`a CDK app may not do this here: ${name}`);
  });
}

// jsii's entry starts the program that loads constructs, with this same Node.js, and does nothing else.
function jsii(file) {
  return path.basename(process.argv[1] ?? "") === "jsii-runtime.js" && file === process.execPath;
}

write("watching", null);
for (const name of READS) {
  const opens = name === "open";
  const read = (about, flags) => {
    const named = typeof about === "string" || Buffer.isBuffer(about) || about instanceof URL;
    if (named && !(opens && writes(flags))) write("read", whole(about));
  };
  for (const [owner, call] of [[fs, name], [fs, `${name}Sync`], [fs.promises, name]]) replace(owner, call, read);
}
for (const name of PROGRAMS) forbid(programs, name, name === "spawn" ? jsii : undefined);
forbid(net.Socket.prototype, "connect");
syncBuiltinESMExports();
