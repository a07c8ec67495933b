// rpc_table.mjs FOLDER: reads FOLDER/descriptors.binpb, writes messages.ts (the JSON type of every message and enum, under its own
// name) and rpcs.ts (every rpc by its full name with the types of its request and response).
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const folder = process.argv[2];
const files = readdirSync(folder, { recursive: true })
  .filter((file) => file.endsWith('_pb.d.ts'))
  .sort();

const whose = new Map();
const messages = [];
for (const file of files) {
  const names = [...readFileSync(join(folder, file), 'utf8').matchAll(/^export (?:declare )?type (\w+Json) =/gm)].map((match) => match[1]);
  for (const name of names) {
    if (whose.has(name)) throw new Error(`${name} stands in ${whose.get(name)} and in ${file}: rename one`);
    whose.set(name, file);
  }
  if (names.length > 0) messages.push(`export type {\n  ${names.sort().join(',\n  ')},\n} from './${file.replace(/\.d\.ts$/, '')}';`);
}
writeFileSync(join(folder, 'messages.ts'), `${messages.join('\n')}\n`);

// ".gridwarden.sync.v1.Record.Kind" -> "Record_KindJson"; an empty message of Google's has a type of its own.
const EMPTY = '.google.protobuf.Empty';
const typeOf = (name, pkg) => (name === EMPTY ? 'Record<string, never>' : `${name.slice(pkg.length + 2).replaceAll('.', '_')}Json`);
const packageOf = (name) => /^\.((?:[a-z0-9_]+\.)*[a-z0-9_]+)\./.exec(name)[1];

const set = fromBinary(FileDescriptorSetSchema, readFileSync(join(folder, 'descriptors.binpb')));
const used = new Set();
const rpcs = [];
for (const file of set.file) {
  for (const service of file.service) {
    for (const method of service.method) {
      if (method.clientStreaming || method.serverStreaming) continue;
      const request = typeOf(method.inputType, packageOf(method.inputType));
      const response = typeOf(method.outputType, packageOf(method.outputType));
      for (const type of [request, response]) if (!type.startsWith('Record<')) used.add(type);
      rpcs.push(`  '${file.package}.${service.name}/${method.name}': { request: ${request}; response: ${response} };`);
    }
  }
}
for (const type of used) if (!whose.has(type)) throw new Error(`no JSON type ${type}`);
writeFileSync(
  join(folder, 'rpcs.ts'),
  `import type {\n  ${[...used].sort().join(',\n  ')},\n} from './messages';\n\n` +
    `/** Every rpc of the API by its full name. */\nexport interface Rpcs {\n${rpcs.sort().join('\n')}\n}\n`,
);
console.log(`${relative(process.cwd(), folder)}: ${whose.size} types, ${rpcs.length} rpcs`);
