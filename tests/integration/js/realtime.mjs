// Realtime with the stock SDK: who hears what, as user and guest, with options, until it unsubscribes.
// Arguments: base URL, superuser's e-mail, password.
import assert from "node:assert/strict";
import dns from "node:dns";

const { default: PocketBase } = await import(process.env.POCKETBASE_SDK);
const { EventSource } = await import(process.env.EVENTSOURCE);
global.EventSource = EventSource;
const [base, email, password] = process.argv.slice(2);
const PATIENCE_MS = 10000;

const lookup = dns.lookup;
dns.lookup = (host, options, callback) => {
    if (typeof options === "function") [options, callback] = [{}, options];
    if (!host.endsWith(".localhost")) return lookup(host, options, callback);
    if (options?.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
    else callback(null, "127.0.0.1", 4);
};

function client() {
    const pb = new PocketBase(base);
    pb.autoCancellation(false);
    return pb;
}

// Events in the order they came; `next` waits for one.
class Ear {
    events = [];
    hear = (event) => {
        this.events.push(event);
        this.wake?.();
    };
    async next() {
        const until = Date.now() + PATIENCE_MS;
        while (!this.events.length) {
            assert.ok(Date.now() < until, "no event came");
            await new Promise((resolve) => {
                this.wake = resolve;
                setTimeout(resolve, 50);
            });
        }
        return this.events.shift();
    }
}

const root = client();
await root.collection("_superusers").authWithPassword(email, password);
const rules = { listRule: "secret = false || @request.auth.id != ''", viewRule: "", createRule: null };
await root.collections.create({
    name: "notes",
    type: "base",
    ...rules,
    fields: [
        { name: "title", type: "text" },
        { name: "n", type: "number" },
        { name: "secret", type: "bool" },
        { name: "owner", type: "relation", collectionId: "_pb_users_auth_", maxSelect: 1 },
    ],
});
const user = await root.collection("users").create({
    email: "ann@example.com", password: "1234567890", passwordConfirm: "1234567890", name: "Ann", emailVisibility: true,
});
console.log("made");

const ann = client();
await ann.collection("users").authWithPassword("ann@example.com", "1234567890");
const guest = client();
const [all, one, open, filtered] = [new Ear(), new Ear(), new Ear(), new Ear()];
await ann.collection("notes").subscribe("*", all.hear, { expand: "owner", fields: "*,expand.owner.name" });
await guest.collection("notes").subscribe("*", open.hear);
await guest.collection("notes").subscribe("*", filtered.hear, { filter: "n > 5" });
console.log("subscribed");

const first = await root.collection("notes").create({ title: "a", n: 1, owner: user.id });
let event = await all.next();
assert.equal(event.action, "create");
assert.equal(event.record.id, first.id);
assert.deepEqual(event.record.expand, { owner: { name: "Ann" } });
assert.equal((await open.next()).record.title, "a");
await ann.collection("notes").subscribe(first.id, one.hear);
await root.collection("notes").update(first.id, { n: 9 });
for (const ear of [all, one, open, filtered]) {
    event = await ear.next();
    assert.deepEqual([event.action, event.record.n], ["update", 9]);
}
console.log("updated");

const hidden = await root.collection("notes").create({ title: "s", secret: true });
assert.equal((await all.next()).record.id, hidden.id);
await root.collection("notes").delete(hidden.id);
event = await all.next();
assert.deepEqual([event.action, event.record.id], ["delete", hidden.id]);
await root.collection("notes").delete(first.id);
for (const ear of [all, one, open, filtered]) {
    event = await ear.next();
    assert.deepEqual([event.action, event.record.id], ["delete", first.id]);
}
console.log("deleted");

const batch = root.createBatch();
await root.settings.update({ batch: { enabled: true } });
for (const n of [1, 2, 3]) batch.collection("notes").create({ n });
await batch.send();
const heard = [(await open.next()).record.n, (await open.next()).record.n, (await open.next()).record.n];
assert.deepEqual(heard.sort(), [1, 2, 3]);
console.log("batched");

await guest.collection("notes").unsubscribe();
await ann.collection("notes").unsubscribe(first.id);
await root.collection("notes").create({ title: "z" });
while ((await all.next()).record.title !== "z");
assert.deepEqual([one.events.length, open.events.length, filtered.events.length], [0, 0, 0]);
guest.realtime.unsubscribe();
ann.realtime.unsubscribe();
console.log("unsubscribed");
process.exit(0);
