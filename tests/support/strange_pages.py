"""What a page of somebody else tries on the web interface, from Chromium: everything that a page can send."""

import json

LAUNCH = (
    'mutation { launchRun(executionParams: {mode: "default", runConfigData: {}, selector: {'
    'repositoryLocationName: "provisioning", repositoryName: "__repository__", '
    'jobName: "demo_shop__production__apply"}}) { __typename } }'
)
"""Apply production."""

CHECK = "/demo_shop/production/dns_records?check_name=dns_has_propagated&passed=true"
"""The address at which Dagster takes whatever it is told about a check."""

_SEND = """
const address = (path, query) => at + path + (query ? '?query=' + encodeURIComponent(query) : '');
const body = JSON.stringify({query: mutation});
const told = answer => answer.type + ' ' + answer.status;
const went = promise => promise.then(told, error => 'error');
const settled = (element, made) => new Promise(done => {
  element.onload = () => done('loaded'); element.onerror = () => done('error');
  setTimeout(() => done('silence'), 4000); made(); });
const form = (action, kind, fields) => {
  const name = 'frame' + Math.random(), frame = document.createElement('iframe'), made = document.createElement('form');
  frame.name = name; document.body.append(frame);
  Object.assign(made, {action, method: 'POST', enctype: kind, target: name});
  for (const [key, value] of Object.entries(fields)) {
    const field = document.createElement('input'); field.type = 'hidden'; field.name = key; field.value = value;
    made.append(field); }
  document.body.append(made);
  return settled(frame, () => made.submit()); };
const element = (kind, source) => {
  const made = document.createElement(kind);
  return settled(made, () => { made.src = source; document.body.append(made); }); };
const talked = messages => new Promise(done => {
  const socket = new WebSocket(at.replace('http', 'ws') + '/graphql', 'graphql-ws');
  socket.onopen = () => messages.forEach(each => socket.send(JSON.stringify(each)));
  socket.onmessage = event => { if (JSON.parse(event.data).type !== 'connection_ack') done('answered'); };
  socket.onerror = () => done('error'); socket.onclose = () => done('closed');
  setTimeout(() => done('silence'), 4000); });
const init = {type: 'connection_init'}, start = query => ({type: 'start', id: '1', payload: {query}});
const json = {'content-type': 'application/json'}, text = {'content-type': 'text/plain'};
"""

TRIES = {
    "GET of a mutation, as an image": "element('img', address('/graphql', mutation))",
    "GET of a mutation, by fetch without CORS": "went(fetch(address('/graphql', mutation), {mode: 'no-cors'}))",
    "GET of a mutation, by fetch with CORS and cookies":
        "went(fetch(address('/graphql', mutation), {credentials: 'include'}))",
    "GET of a mutation, as a script": "element('script', address('/graphql', mutation))",
    "GET of a mutation, in a frame": "element('iframe', address('/graphql', mutation))",
    "GET of a mutation, in a new window":
        "new Promise(done => { window.open(address('/graphql', mutation)); setTimeout(() => done('opened'), 1000); })",
    "POST without a body, the mutation in the address":
        "went(fetch(address('/graphql', mutation), {method: 'POST', mode: 'no-cors', credentials: 'include'}))",
    "POST of JSON that is called text":
        "went(fetch(at + '/graphql', {method: 'POST', mode: 'no-cors', credentials: 'include', headers: text, body}))",
    "POST of JSON": "went(fetch(at + '/graphql', {method: 'POST', credentials: 'include', headers: json, body}))",
    "a form, urlencoded": "form(address('/graphql', mutation), 'application/x-www-form-urlencoded', {query: mutation})",
    "a form, text/plain that is JSON":
        "form(at + '/graphql', 'text/plain', {[body.slice(0, -1) + ', \"x\": \"']: '\"}'})",
    "a form, multipart": "form(address('/graphql', mutation), 'multipart/form-data', {query: mutation})",
    "a beacon": "Promise.resolve(String(navigator.sendBeacon(address('/graphql', mutation), body)))",
    "a websocket, a mutation": "talked([init, start(mutation)])",
    "a websocket, a query": "talked([init, start('subscription { locationStateChangeEvents { __typename } }')])",
    "a forged check": "went(fetch(at + '/report_asset_check' + check, {method: 'POST', mode: 'no-cors'}))",
    "a forged check, by a form": "form(at + '/report_asset_check' + check, 'text/plain', {})",
    "a forged materialization":
        "went(fetch(at + '/report_asset_materialization/demo_shop/production/dns_records',"
        " {method: 'POST', mode: 'no-cors'}))",
    "reading a query": "went(fetch(address('/graphql', '{version}'), {credentials: 'include'}))",
    "reading the version": "went(fetch(at + '/server_info', {credentials: 'include'}))",
    "the page in a frame": "element('iframe', at + '/runs')",
    "a picture of ours": "element('img', at + '/favicon.png')",
}  # fmt: skip


def script(what: str, address: str, mutation: str) -> str:
    """One of them, for a page to evaluate."""
    known = f"const at = {json.dumps(address)}, mutation = {json.dumps(mutation)}, check = {json.dumps(CHECK)};"
    return f"async () => {{ {known} {_SEND} return await {TRIES[what]}; }}"
