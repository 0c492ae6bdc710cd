// Compile Solidity offline. Reads one JSON document from standard input:
//   modules: a node_modules directory holding solc;  runs: optimizer runs
//   soljson: another release of the compiler, with the evm it makes code for (optional)
//   sources: {unit name: file};  remappings: [[import prefix, directory]];  out: directory
// and writes one <Contract>.json per deployable contract: abi, bytecode, links.
'use strict';
const fs = require('fs');
const path = require('path');

const job = JSON.parse(fs.readFileSync(0, 'utf8'));
const release = job.soljson || path.join(job.modules, 'solc/soljson.js');
const solc = require(path.join(job.modules, 'solc/wrapper'))(require(release));

function load(unit) {
  for (const [prefix, directory] of job.remappings) {
    if (unit.startsWith(prefix)) {
      const file = path.join(directory, unit.slice(prefix.length));
      return fs.existsSync(file) ? { contents: fs.readFileSync(file, 'utf8') } : { error: 'no file ' + file };
    }
  }
  return { error: 'no remapping for ' + unit };
}

const sources = {};
for (const unit of job.sources) {
  const found = load(unit);
  if (found.error) throw new Error(found.error);
  sources[unit] = { content: found.contents };
}
const input = {
  language: 'Solidity',
  sources,
  settings: {
    optimizer: { enabled: true, runs: job.runs },
    evmVersion: job.evm || 'cancun',
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.bytecode.linkReferences'] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: load }));
const errors = (output.errors || []).filter((entry) => entry.severity === 'error');
if (errors.length) {
  errors.slice(0, 8).forEach((entry) => console.error(entry.formattedMessage));
  process.exit(1);
}
for (const contracts of Object.values(output.contracts)) {
  for (const [name, made] of Object.entries(contracts)) {
    if (!made.evm.bytecode.object) continue;
    const artifact = {
      abi: made.abi,
      bytecode: '0x' + made.evm.bytecode.object,
      linkReferences: made.evm.bytecode.linkReferences,
    };
    fs.writeFileSync(path.join(job.out, name + '.json'), JSON.stringify(artifact));
  }
}
