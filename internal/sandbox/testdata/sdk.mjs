// Stripe's official SDK for Node against the sandbox: run with its URL and a key. (This SDK sends OAuth to
// connect.stripe.com whatever it is told.)
import { createRequire } from "node:module";
import { createServer } from "node:http";
import assert from "node:assert/strict";

const [url, key] = process.argv.slice(2);
const Stripe = createRequire(process.env.STRIPE_NODE_MODULES + "/")("stripe");
const { hostname, port } = new URL(url);
const options = { host: hostname, port, protocol: "http", maxNetworkRetries: 0, telemetry: false };
const stripe = new Stripe(key, options);

const control = async (path, body) => {
  const answer = await fetch(url + path, { method: "POST", body: JSON.stringify(body) });
  assert.equal(answer.status, 200, path);
  return answer.json();
};
const refused = async (call, type, fields) => {
  const error = await call.then(() => assert.fail("was not refused"), (e) => e);
  assert.ok(error instanceof Stripe.errors[type], `${error.type} is no ${type}: ${error.message}`);
  assert.match(error.requestId, /^req_/);
  for (const [name, value] of Object.entries(fields)) assert.equal(error[name], value, `${name}: ${error.message}`);
};

// Accounts, both ways through the pages.
for (let i = 0; i < 25; i++) await control("/sandbox/accounts", { persona: "complete" });
const forwards = [];
for await (const account of stripe.accounts.list({ limit: 10 })) forwards.push(account.id);
assert.equal(forwards.length, 25);
const backwards = [];
for await (const account of stripe.accounts.list({ limit: 10, ending_before: forwards.at(-1) })) backwards.push(account.id);
assert.deepEqual(backwards, forwards.slice(0, -1).reverse());

// Errors of the right class.
await refused(stripe.accounts.retrieve("acct_nobody"), "StripePermissionError", { code: "account_invalid", statusCode: 403 });
await refused(stripe.products.retrieve("prod_none"), "StripeInvalidRequestError", { code: "resource_missing", param: "id", statusCode: 404 });
await refused(stripe.products.create({}), "StripeInvalidRequestError", { code: "parameter_missing", param: "name" });
await refused(stripe.products.create({ name: "a", colour: { of: "it" } }), "StripeInvalidRequestError", { code: "parameter_unknown", param: "colour" });
await refused(new Stripe("sk_test_wrong_wrong_wrong_wrong", options).balance.retrieve(), "StripeAuthenticationError", { statusCode: 401 });
await control("/sandbox/faults", [{ status: 429, times: 1 }, { status: 500, times: 1 }]);
await refused(stripe.balance.retrieve(), "StripeRateLimitError", { code: "rate_limit" });
await refused(stripe.balance.retrieve(), "StripeAPIError", { statusCode: 500 });

// Idempotency.
const once = { idempotencyKey: "once" };
const first = await stripe.products.create({ name: "One", metadata: { a: "b" } }, once);
const again = await stripe.products.create({ name: "One", metadata: { a: "b" } }, once);
assert.equal(first.id, again.id);
assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
assert.equal(again.lastResponse.headers["original-request"], first.lastResponse.requestId);
await refused(stripe.products.create({ name: "Two" }, once), "StripeIdempotencyError", { statusCode: 400 });

// Selling on an account.
const seller = { stripeAccount: forwards[0] };
const price = await stripe.prices.create({ currency: "eur", unit_amount: 700, product_data: { name: "Tea" } }, seller);
const session = await stripe.checkout.sessions.create({
  mode: "payment", success_url: "https://a.example/{CHECKOUT_SESSION_ID}", line_items: [{ price: price.id, quantity: 3 }],
  payment_intent_data: { application_fee_amount: 21 }, metadata: { order: "7" }, expand: ["line_items.data.price.product"],
}, seller);
assert.equal(session.amount_total, 2100);
assert.equal(session.line_items.data[0].price.product.name, "Tea");
await control("/sandbox/checkout", { account: forwards[0], session: session.id });
const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ["payment_intent"] }, seller);
assert.equal(paid.payment_status, "paid");
assert.equal(paid.payment_intent.application_fee_amount, 21);
await refused(stripe.checkout.sessions.expire(session.id, {}, seller), "StripeInvalidRequestError", {});
const lines = await stripe.checkout.sessions.listLineItems(session.id, {}, seller);
assert.equal(lines.data[0].description, "Tea");
const told = await stripe.events.list({ types: ["checkout.session.completed"] }, seller);
assert.equal(told.data[0].data.object.id, session.id);

// Webhooks, registered and read by the SDK.
let secret;
const delivered = new Promise((resolve) => {
  const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part)).on("end", () => {
      response.end();
      server.close();
      resolve([Buffer.concat(parts), request.headers["stripe-signature"]]);
    });
  }).listen(0, "127.0.0.1", async () => {
    const { port } = server.address();
    const endpoint = await stripe.webhookEndpoints.create({
      url: `http://127.0.0.1:${port}/`, connect: true, enabled_events: ["account.updated"],
    });
    secret = endpoint.secret;
    await stripe.accounts.update(forwards[1], { metadata: { shelf: "3" } }, { idempotencyKey: "change" });
  });
});
const event = stripe.webhooks.constructEvent(...(await delivered), secret);
assert.equal(event.type, "account.updated");
assert.equal(event.account, forwards[1]);
assert.deepEqual(event.data.previous_attributes, { metadata: { shelf: null } });
assert.equal(event.request.idempotency_key, "change");
console.log("ok");
