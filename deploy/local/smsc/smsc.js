'use strict';
// A message centre for demonstrations and tests, on the npm package `smpp`: node smsc.js DIRECTORY PORT CONTROL_PORT.
// It takes what is submitted, brings receipts, brings texts of telephones until they are kept, misbehaves when told to, and
// writes every PDU it took or gave to DIRECTORY/pdus.jsonl. Orders: one JSON object a line at the control port (see README).
const fs = require('fs');
const net = require('net');
const path = require('path');
const smpp = require('smpp');

const [directory, port, controlPort] = process.argv.slice(2);
const TEMPORARY = smpp.ESME_RX_T_APPN;
const WINDOW = 200; // texts under way to one line
const STATES = { DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 };
smpp.addTLV('vendor', { id: 0x1777, type: smpp.types.tlv.buffer });

// mode: normal | silent | throttle | reject | disconnect | double | malformed, for the `next` submits (null: all);
// delay: ms until an answer; deaf: enquire_link is not answered; mute: nor is query_sm; receipts: off | on | early | twice, `late` ms after the
// answer, or held until they are ordered; lose: so many answers to what it brings are lost, each with its line; style: text | tlv | both; stat: what they say; ids: as what receipts in text write them (same | decimal | hex)
const NORMAL = {
  mode: 'normal', next: null, status: null, octets: '7fffffff800000040000000000000001', delay: 0, deaf: false, mute: false,
  receipts: 'on', late: 0, lose: 0, style: 'both', stat: 'DELIVRD', err: '000', ids: 'same', password: null,
};
let how = { ...NORMAL };
const counts = { binds: 0, submits: 0, taken: 0, answers: 0, texts: 0, receipts: 0, kept: 0, enquiries: 0, queries: 0 };
let held = []; // receipts that wait for an order
const fates = new Map(); // id -> stat, for query_sm
const sessions = new Set();
let number = Date.now() * 10; // ids never come again, not after a restart either

// --- the log: whole lines, written once a turn ---
const log = fs.openSync(path.join(directory, 'pdus.jsonl'), 'a');
let lines = [];
function note(entry) {
  if (lines.push(JSON.stringify({ at: Date.now(), ...entry })) === 1) setImmediate(flush);
}
function flush() {
  if (lines.length) fs.writeSync(log, lines.join('\n') + '\n');
  lines = [];
}

// --- what goes to lines: texts and receipts, again and again until they are kept ---
class Queue {
  constructor() { this.items = []; this.head = 0; }
  get length() { return this.items.length - this.head; }
  push(item) { this.items.push(item); }
  // before all others, in their order: what comes again must not come after what the telephone sent later
  putBack(items) { this.items = [...items, ...this.items.slice(this.head)]; this.head = 0; }
  shift() {
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head > 10000 && this.head * 2 > this.items.length) { this.items = this.items.slice(this.head); this.head = 0; }
    return item;
  }
}
const outbox = new Queue();
function pump() {
  for (const session of sessions) {
    while (session.bound && outbox.length && session.open.size < WINDOW) give(session, outbox.shift());
  }
}
function give(session, item) {
  session.open.add(item);
  item.tries++;
  session.deliver_sm({ ...item.pdu }, (answer) => {
    if (!session.open.has(item)) return; // the line has ended meanwhile: it is brought again
    if (how.lose) {
      how.lose--;
      note({ lost: item.kind, ref: item.ref, status: answer.command_status });
      session.destroy();
      return;
    }
    session.open.delete(item);
    const { kind, ref, tries } = item;
    note({ gave: kind, ref, status: answer.command_status, from: item.pdu.source_addr, tries });
    if (answer.command_status === TEMPORARY) setTimeout(() => { outbox.push(item); pump(); }, 200);
    else { counts.kept++; item.done(answer.command_status); }
    pump();
  });
}
function bring(kind, ref, pdu, done = () => {}) {
  counts[kind === 'text' ? 'texts' : 'receipts']++;
  outbox.push({ kind, ref, pdu, done, tries: 0 });
  pump();
}

// --- receipts ---
const stamp = () => new Date(Date.now() + 8 * 3600e3).toISOString().replace(/[-T:]/g, '').slice(2, 12);
const spoken = (id) => (how.ids === 'hex' ? id.toString(10) : how.ids === 'decimal' ? id.toString(16).toUpperCase() : String(id));
const inText = (id) => (how.ids === 'hex' ? id.toString(16).toUpperCase() : id.toString(10));
function receipt(id, submit) {
  fates.set(spoken(id), how.stat);
  if (fates.size > 300000) fates.delete(fates.keys().next().value);
  if (how.receipts === 'off' || !(submit.registered_delivery & 1)) return;
  const text = `id:${inText(id)} sub:001 dlvrd:001 submit date:${stamp()} done date:${stamp()} stat:${how.stat} err:${how.err} text:`;
  const pdu = {
    source_addr: submit.destination_addr, destination_addr: submit.source_addr, esm_class: 4,
    short_message: Buffer.from(how.style === 'tlv' ? '' : text, 'ascii'),
  };
  if (how.style !== 'text') Object.assign(pdu, { receipted_message_id: spoken(id), message_state: STATES[how.stat] });
  if (how.receipts === 'held') held.push([spoken(id), pdu]);
  else for (let times = how.receipts === 'twice' ? 2 : 1; times > 0; times--) bring('receipt', spoken(id), pdu);
}

// --- submits ---
function submitted(session, pdu) {
  counts.submits++;
  const mode = how.next === 0 ? 'normal' : how.mode;
  if (how.next) how.next--;
  const id = number++;
  const taken = !['throttle', 'reject', 'malformed'].includes(mode);
  if (taken) counts.taken++;
  note({ took: 'submit_sm', taken, mode, id: taken ? spoken(id) : null, line: session.number, ...described(pdu) });
  const later = (work) => (how.delay ? setTimeout(work, how.delay) : work());
  const tell = () => (how.late ? setTimeout(() => receipt(id, pdu), how.late) : receipt(id, pdu));
  if (!taken) {
    if (mode === 'malformed') session.socket.write(Buffer.from(how.octets, 'hex'));
    else answer(session, pdu, { command_status: how.status || (mode === 'throttle' ? smpp.ESME_RTHROTTLED : smpp.ESME_RINVDSTADR) });
  } else if (mode === 'silent' || mode === 'disconnect') {
    if (mode === 'disconnect') session.destroy();
    tell();
  } else {
    if (how.receipts === 'early') tell();
    later(() => {
      for (let times = mode === 'double' ? 2 : 1; times > 0; times--) answer(session, pdu, { message_id: spoken(id) });
      if (how.receipts !== 'early') tell();
    });
  }
}
function answer(session, pdu, said) {
  counts.answers++;
  session.send(pdu.response(said));
}
function described(pdu) {
  const content = pdu.message_payload || pdu.short_message || {};
  const text = Buffer.isBuffer(content.message) ? content.message.toString('hex') : content.message;
  return {
    from: pdu.source_addr, to: pdu.destination_addr, ton: pdu.dest_addr_ton, coding: pdu.data_coding, esm_class: pdu.esm_class,
    text, udh: content.udh ? Buffer.concat(content.udh).toString('hex') : null, payload: Boolean(pdu.message_payload),
  };
}

// --- lines ---
let lineNumber = 0;
const server = smpp.createServer({ noDelay: true }, (session) => {
  session.number = ++lineNumber;
  session.open = new Set();
  session.on('bind_transceiver', (pdu) => {
    const refused = how.password !== null && pdu.password !== how.password;
    note({ took: 'bind_transceiver', line: session.number, account: pdu.system_id, refused });
    if (refused) return session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
    counts.binds++;
    session.bound = true;
    sessions.add(session);
    session.send(pdu.response({ system_id: 'smsc' }));
    return pump();
  });
  session.on('submit_sm', (pdu) => submitted(session, pdu));
  session.on('enquire_link', (pdu) => {
    counts.enquiries++;
    if (!how.deaf) session.send(pdu.response());
  });
  session.on('query_sm', (pdu) => {
    counts.queries++;
    if (how.mute) return;
    const stat = fates.get(pdu.message_id);
    const said = { message_id: pdu.message_id, final_date: '', message_state: STATES[stat], error_code: parseInt(how.err, 10) };
    session.send(pdu.response(stat ? said : { command_status: smpp.ESME_RQUERYFAIL }));
  });
  session.on('unbind', (pdu) => {
    note({ took: 'unbind', line: session.number });
    session.bound = false;
    session.send(pdu.response());
    session.close();
  });
  session.on('generic_nack', (pdu) => note({ took: 'generic_nack', line: session.number, status: pdu.command_status }));
  session.on('unknown', (pdu) => session.send(pdu.response()));
  session.on('error', (error) => {
    note({ line: session.number, error: error.message });
    session.destroy();
  });
  session.on('close', () => {
    sessions.delete(session);
    note({ line: session.number, closed: true });
    outbox.putBack(session.open);
    session.open.clear();
    pump();
  });
});

// --- orders ---
const ORDERS = {
  set: (order) => { const { do: _, ...changes } = order; how = { ...NORMAL, ...changes }; return {}; },
  status: () => { flush(); return { ...counts, lines: sessions.size, waiting: outbox.length, held: held.length }; },
  receipts: () => {
    const due = held;
    held = [];
    for (const [ref, pdu] of due) bring('receipt', ref, pdu);
    return { count: due.length };
  },
  drop: () => { for (const session of sessions) session.destroy(); return {}; },
  raw: (order) => { for (const session of sessions) session.socket.write(Buffer.from(order.octets, 'hex')); return {}; },
  unbind: () => { for (const session of sessions) session.unbind(); return {}; },
  deliver: (order) => new Promise((resolve) => {
    const statuses = {};
    let left = order.texts.length;
    const done = (status) => {
      statuses[status] = (statuses[status] || 0) + 1;
      if (--left === 0 && order.wait !== false) resolve({ statuses });
    };
    spread(order.texts, order.per_second, (text) => bring('text', text.ref, shaped(text), done));
    if (order.wait === false || left === 0) resolve({});
  }),
};
function spread(items, perSecond, work) {
  if (!perSecond) return items.forEach(work);
  const began = Date.now();
  let at = 0;
  const timer = setInterval(() => {
    const due = Math.min(items.length, Math.ceil(((Date.now() - began) * perSecond) / 1000));
    while (at < due) work(items[at++]);
    if (at === items.length) clearInterval(timer);
  }, 5);
  return undefined;
}
// {from, to, text} in its alphabet, or {from, to, octets (hex), coding, esm_class, tlvs: {name: number or hex}}
function shaped(text) {
  const ascii = text.text !== undefined && /^[\x20-\x7e]*$/.test(text.text);
  const octets = text.octets !== undefined ? Buffer.from(text.octets, 'hex')
    : ascii ? Buffer.from(text.text, 'ascii') : Buffer.from(text.text, 'utf16le').swap16();
  const pdu = {
    source_addr: text.from, source_addr_ton: text.ton || 0, destination_addr: text.to, esm_class: text.esm_class || 0,
    data_coding: text.coding !== undefined ? text.coding : ascii ? 0 : 8,
    short_message: octets.length > 254 ? Buffer.alloc(0) : octets,
  };
  if (octets.length > 254) pdu.message_payload = octets;
  for (const [name, value] of Object.entries(text.tlvs || {})) {
    pdu[name] = typeof value === 'string' ? Buffer.from(value, 'hex') : value;
  }
  return pdu;
}
async function obey(socket, line) {
  let said;
  try {
    const order = JSON.parse(line);
    if (!ORDERS[order.do]) throw new Error(`${order.do} is no order`);
    said = await ORDERS[order.do](order);
  } catch (error) {
    said = { error: String(error) };
  }
  if (socket.writable) socket.write(JSON.stringify(said) + '\n');
}
const control = net.createServer((socket) => {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (data) => {
    const parts = (rest + data).split('\n');
    rest = parts.pop();
    for (const line of parts) obey(socket, line);
  });
});

function end() {
  flush();
  process.exit(0);
}
process.on('SIGTERM', end);
process.on('SIGINT', end);
server.listen(Number(port), '127.0.0.1', () => control.listen(Number(controlPort), '127.0.0.1'));
