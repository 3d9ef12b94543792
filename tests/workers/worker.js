#!/usr/bin/env node
// A worker in JavaScript (package node-ws): reverses texts, and is back whatever is restarted meanwhile.
//   NODE_PATH=/usr/share/nodejs node worker.js ws://HOST:PORT/v1/ws WORKER_ID [SECONDS_OF_WORK]
'use strict';
const crypto = require('crypto');
const WebSocket = require('ws');

const [url, workerId, seconds = '0'] = process.argv.slice(2);
const token = process.env.COGO_API_TOKEN;
const session = crypto.randomBytes(16).toString('hex'); // Proves that it is still us.
const mine = new Map(); // What we have, by lease: the frame of its result, once there is one.
let socket;

const say = (frame) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(frame));

function work({ lease, instruction, context }) {
  const { taskId } = instruction;
  mine.set(lease, { taskId });
  say({ type: 'progress', data: { lease, progress: { taskId, percent: 50, phase: 'reversing' } } });
  setTimeout(() => {
    const text = [...String(context.input.text)].reverse().join('');
    const result = { type: 'result', data: { lease, result: { status: 'success', output: { text, by: workerId } } } };
    mine.set(lease, { taskId, result });
    say(result);
  }, 1000 * seconds);
}

function connect() {
  socket = new WebSocket(url, ['cogo.v1+json'], token ? { headers: { Authorization: `Bearer ${token}` } } : {});
  socket.on('open', () => say({
    type: 'register',
    session,
    data: {
      workerId, workerType: 'research', labels: ['lang=js'], capabilities: [{ role: 'echo' }],
      running: [...mine].map(([lease, { taskId }]) => `${taskId}:${lease}`),
    },
  }));
  socket.on('message', (bytes) => {
    const { type, data = {} } = JSON.parse(bytes);
    console.log(type, data.reason || '');
    if (type === 'welcome') {
      for (const { result } of mine.values()) if (result) say(result); // Those that were not acknowledged.
    } else if (type === 'offer') {
      work(data);
    } else if (type === 'ack' || type === 'stop') {
      mine.delete(data.lease);
    } else if (type === 'problem' || type === 'removed') {
      socket.close(); // Another connection, another try.
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => setTimeout(connect, 500));
}
connect();
