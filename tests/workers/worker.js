#!/usr/bin/env node
// A worker in JavaScript: registers over WebSocket and reverses texts (package: node-ws).
//   NODE_PATH=/usr/share/nodejs node worker.js ws://HOST:PORT/v1/ws WORKER_ID
'use strict';
const WebSocket = require('ws');

const [url, workerId] = process.argv.slice(2);
const token = process.env.COGO_API_TOKEN;
let session; // Proves after a lost connection that it is still us.

function connect() {
  const socket = new WebSocket(url, ['cogo.v1+json'], token ? { headers: { Authorization: `Bearer ${token}` } } : {});
  const send = (type, data, more) => socket.send(JSON.stringify({ type, data, ...more }));
  let beats;
  socket.on('open', () => send('register', {
    workerId, workerType: 'research', slots: 1, labels: ['lang=js'],
    capabilities: [{ role: 'echo', version: 1, slots: 1, llm: 'none' }],
  }, session ? { session } : {}));
  socket.on('message', (bytes) => {
    const frame = JSON.parse(bytes);
    if (frame.type === 'welcome') {
      session = frame.session;
      beats = setInterval(() => send('heartbeat'), frame.data.heartbeatMs / 2);
      console.log('welcome');
    } else if (frame.type === 'offer') {
      const { lease, instruction, context } = frame.data;
      send('started', { taskId: instruction.taskId, lease });
      send('progress', { lease, progress: { taskId: instruction.taskId, percent: 50, phase: 'reversing' } });
      const text = [...String(context.input.text)].reverse().join('');
      send('result', { lease, result: { taskId: instruction.taskId, status: 'success', output: { text, by: workerId } } });
    } else if (frame.type !== 'hello') {
      console.log(frame.type, JSON.stringify(frame.data));
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => { clearInterval(beats); setTimeout(connect, 200); });
}
connect();
