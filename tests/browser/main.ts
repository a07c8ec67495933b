// node main.ts WORLD.json [word...]: runs the scenarios whose names hold one of the words, all without.
import { readFileSync } from 'node:fs';
import { runScenarios } from './harness/scenario.ts';
import { Server, type World } from './harness/server.ts';
import './specs/all.ts';

const [file = '', ...words] = process.argv.slice(2);
const server = new Server(JSON.parse(readFileSync(file, 'utf8')) as World);
const well = await runScenarios(server, words, 2);
server.close();
process.exit(well ? 0 : 1);
