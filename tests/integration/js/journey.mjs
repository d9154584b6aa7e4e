// A user's journey with the stock SDK: all of ISO 3166 in, questions, changes, and what a guest may see.
// Arguments: base URL, tenant for X-Tenant-ID (or ""), e-mail, password, file with the data.
import assert from "node:assert/strict";
import dns from "node:dns";
import { readFile } from "node:fs/promises";

const { default: PocketBase, ClientResponseError } = await import(process.env.POCKETBASE_SDK);
const [base, tenant, email, password, dataFile] = process.argv.slice(2);
const data = JSON.parse(await readFile(dataFile, "utf8"));
const AT_ONCE = 24;

// *.localhost is this machine, whatever its resolver says.
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
    if (tenant) {
        pb.beforeSend = (url, options) => {
            options.headers = { ...options.headers, "X-Tenant-ID": tenant };
            return { url, options };
        };
    }
    return pb;
}

async function each(items, work) {
    const queue = [...items];
    await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
            for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
        }),
    );
}

async function refused(promise, status, field, code) {
    const error = await promise.then(() => assert.fail("was not refused"), (error) => error);
    assert.ok(error instanceof ClientResponseError, String(error));
    assert.equal(error.status, status);
    if (field) assert.equal(error.response.data[field].code, code);
}

const admin = client();

async function login() {
    await refused(admin.collection("_superusers").authWithPassword(email, "wrong password"), 400);
    const auth = await admin.collection("_superusers").authWithPassword(email, password);
    assert.equal(auth.record.email, email);
    await admin.collection("_superusers").authRefresh();
    assert.ok(admin.authStore.isValid);
}

async function makeCollections() {
    await admin.collections.create({
        name: "countries",
        type: "base",
        fields: [
            { name: "name", type: "text", required: true },
            { name: "official_name", type: "text" },
            { name: "alpha_2", type: "text", required: true, pattern: "^[A-Z]{2}$" },
            { name: "alpha_3", type: "text", min: 3, max: 3 },
            { name: "numeric", type: "number", onlyInt: true },
            { name: "flag", type: "text" },
            { name: "meta", type: "json" },
        ],
        indexes: ["CREATE UNIQUE INDEX idx_countries_alpha_2 ON countries (alpha_2)"],
        listRule: "",
        viewRule: "",
    });
    const countries = await admin.collections.getOne("countries");
    await admin.collections.create({
        name: "subdivisions",
        type: "base",
        fields: [
            { name: "code", type: "text", required: true },
            { name: "name", type: "text", required: true },
            { name: "type", type: "text" },
            { name: "country", type: "relation", collectionId: countries.id, maxSelect: 1, required: true, cascadeDelete: true },
        ],
        indexes: ["CREATE UNIQUE INDEX idx_subdivisions_code ON subdivisions (code)"],
        listRule: "country.alpha_2 = 'DE'",
        viewRule: "country.alpha_2 = 'DE'",
    });
    const names = (await admin.collections.getFullList()).map((collection) => collection.name);
    assert.ok(names.includes("countries") && names.includes("subdivisions"));
}

const ids = new Map();

async function load() {
    await each(data.countries, async (country) => {
        const record = await admin.collection("countries").create({
            ...country,
            numeric: Number(country.numeric),
            meta: { source: "iso-codes", length: country.name.length },
        });
        assert.equal(record.name, country.name);
        ids.set(country.alpha_2, record.id);
    });
    await each(data.subdivisions, async ({ code, name, type, country_code }) => {
        await admin.collection("subdivisions").create({ code, name, type, country: ids.get(country_code) });
    });
}

async function ask() {
    const countries = admin.collection("countries");
    const subdivisions = admin.collection("subdivisions");
    const all = await countries.getFullList({ sort: "alpha_2", batch: 500 });
    assert.deepEqual(all.map((one) => one.alpha_2), data.countries.map((one) => one.alpha_2).sort());
    for (const one of data.countries) {
        const stored = all.find((record) => record.alpha_2 === one.alpha_2);
        assert.equal(stored.name, one.name);
        assert.equal(stored.flag, one.flag ?? "");
        assert.equal(stored.numeric, Number(one.numeric));
        assert.deepEqual(stored.meta, { source: "iso-codes", length: one.name.length });
    }
    const page = await subdivisions.getList(3, 40, { sort: "-code", fields: "code" });
    const codes = data.subdivisions.map((one) => one.code).sort().reverse();
    assert.equal(page.totalItems, codes.length);
    assert.equal(page.totalPages, Math.ceil(codes.length / 40));
    assert.deepEqual(page.items.map((one) => one.code), codes.slice(80, 120));
    assert.deepEqual(Object.keys(page.items[0]), ["code"]);
    const german = await subdivisions.getFullList({
        filter: admin.filter("country.alpha_2 = {:code} && type ~ {:type}", { code: "DE", type: "land" }),
        expand: "country",
        sort: "name",
    });
    const wanted = data.subdivisions.filter((one) => one.country_code === "DE" && /land/i.test(one.type));
    assert.deepEqual(german.map((one) => one.code).sort(), wanted.map((one) => one.code).sort());
    assert.ok(german.length > 0 && german.every((one) => one.expand.country.name === "Germany"));
    const many = await countries.getList(1, 1, { filter: "numeric > 400 && (name ~ 'a%' || alpha_3 ?= 'ZWE') && flag != ''" });
    const expected = data.countries.filter(
        (one) => Number(one.numeric) > 400 && (/^a/i.test(one.name) || one.alpha_3 === "ZWE") && one.flag,
    );
    assert.equal(many.totalItems, expected.length);
    const first = await countries.getFirstListItem("alpha_2 = 'FR'");
    assert.equal(first.name, "France");
    await refused(countries.getList(1, 30, { filter: "name = " }), 400);
    await refused(countries.getOne("nobodyhasthisid"), 404);
}

async function change() {
    const countries = admin.collection("countries");
    const id = ids.get("FR");
    const changed = await countries.update(id, { official_name: "République française", "numeric+": 1 });
    assert.equal(changed.official_name, "République française");
    assert.equal(changed.numeric, 251);
    assert.equal((await countries.getOne(id)).official_name, "République française");
    await refused(countries.create({ name: "Again", alpha_2: "FR" }), 400, "alpha_2", "validation_not_unique");
    await refused(countries.create({ name: "", alpha_2: "xx" }), 400, "name", "validation_required");
    await refused(admin.collection("subdivisions").create({ code: "XX-1", name: "X", country: "missingmissing1" }), 400, "country", "validation_missing_rel_records");
    const before = (await admin.collection("subdivisions").getList(1, 1)).totalItems;
    const gone = data.subdivisions.filter((one) => one.country_code === "FR").length;
    assert.equal(await countries.delete(id), true);
    await refused(countries.getOne(id), 404);
    assert.equal((await admin.collection("subdivisions").getList(1, 1)).totalItems, before - gone);
}

async function guest() {
    const pb = client();
    const seen = await pb.collection("countries").getList(1, 500);
    assert.equal(seen.totalItems, data.countries.length - 1);
    const allowed = await pb.collection("subdivisions").getFullList();
    const german = data.subdivisions.filter((one) => one.country_code === "DE");
    assert.deepEqual(allowed.map((one) => one.code).sort(), german.map((one) => one.code).sort());
    const other = await admin.collection("subdivisions").getFirstListItem("country.alpha_2 = 'AT'");
    await refused(pb.collection("subdivisions").getOne(other.id), 404);
    await refused(pb.collection("countries").create({ name: "Guestland", alpha_2: "GL" }), 403);
    await refused(pb.collections.getFullList(), 401);
    const health = await pb.health.check();
    assert.equal(health.code, 200);
}

for (const step of [login, makeCollections, load, ask, change, guest]) {
    const began = performance.now();
    await step();
    console.log(`${step.name} ${Math.round(performance.now() - began)} ms`);
}
