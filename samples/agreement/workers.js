// Three workers, each with a heap of its own.
const { Worker, isMainThread } = require('node:worker_threads');

if (isMainThread) {
    for (let i = 0; i < 3; i++) new Worker(__filename);
} else {
    const items = [];
    for (let i = 0; i < 200000; i++) items.push({ i, text: 'x' + i });
    console.log(items.length);
}
