"""Stripe's official SDK for Python against the sandbox: run with its URL, a key and a client id."""

import json
import sys
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import stripe

url, key, client_id = sys.argv[1:]
stripe.api_base = url
for module in (stripe, getattr(stripe, "oauth", stripe)):  # 5.0.0 has a copy of it in stripe.oauth
    module.connect_api_base = url
stripe.api_key, stripe.client_id = key, client_id
stripe.api_version = "2023-10-16"  # later SDKs send their own, whose shapes are others
stripe.max_network_retries = 0
stripe.enable_telemetry = False
errors = stripe.error if "error" in dir(stripe) and hasattr(stripe.error, "StripeError") else stripe


def control(path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def refused(kind, call, **fields):
    try:
        call()
    except kind as error:
        assert type(error) is kind, f"{type(error)} is not {kind}"
        envelope = error.json_body.get("error") if isinstance(error.json_body, dict) else None
        for name, value in fields.items():  # not every class has every member of the envelope
            got = envelope.get(name) if isinstance(envelope, dict) and name != "http_status" else getattr(error, name)
            assert got == value, f"{name} is {got!r}, not {value!r}: {error}"
        return error
    raise AssertionError("was not refused")


class StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def grant(**choice):
    """The code that a seller's browser brings back."""
    page = stripe.OAuth.authorize_url(scope="read_write", redirect_uri="https://platform.example/back", state="s")
    page = page.replace("https://connect.stripe.com", url) + "&" + urllib.parse.urlencode(choice)
    try:
        urllib.request.build_opener(StayHere).open(page)
    except urllib.error.HTTPError as answer:
        return urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["code"][0]
    raise AssertionError("no redirect")


def each_way_through_the_pages():
    for _ in range(25):
        control("/sandbox/accounts", {"persona": "complete"})
    forwards = [a.id for a in stripe.Account.list(limit=10).auto_paging_iter()]
    assert len(forwards) == 25, forwards
    backwards = [a.id for a in stripe.Account.list(limit=10, ending_before=forwards[-1]).auto_paging_iter()]
    assert backwards == forwards[-2::-1], backwards
    return forwards


def errors_have_their_class():
    refused(errors.PermissionError, lambda: stripe.Account.retrieve("acct_nobody"), code="account_invalid", http_status=403)
    refused(errors.InvalidRequestError, lambda: stripe.Product.retrieve("prod_none"), code="resource_missing", param="id")
    refused(errors.InvalidRequestError, lambda: stripe.Product.create(), code="parameter_missing", param="name")
    unknown = refused(errors.InvalidRequestError, lambda: stripe.Product.create(name="a", colour={"of": "it"}), param="colour")
    assert unknown.request_id.startswith("req_"), unknown.request_id
    refused(errors.AuthenticationError, lambda: stripe.Balance.retrieve(api_key="sk_test_wrong_wrong_wrong"), http_status=401)
    control("/sandbox/faults", [{"status": 429, "times": 1}, {"status": 500, "times": 1}, {"drop": True, "times": 1}])
    refused(errors.RateLimitError, lambda: stripe.Balance.retrieve(), code="rate_limit")
    refused(errors.APIError, lambda: stripe.Balance.retrieve(), http_status=500)
    refused(errors.APIConnectionError, lambda: stripe.Balance.retrieve())


def a_key_counts_once():
    first = stripe.Product.create(name="One", metadata={"a": "b"}, idempotency_key="once")
    again = stripe.Product.create(name="One", metadata={"a": "b"}, idempotency_key="once")
    assert first.id == again.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.headers["Original-Request"] == first.last_response.request_id
    refused(errors.IdempotencyError, lambda: stripe.Product.create(name="Two", idempotency_key="once"), http_status=400)


def sellers_connect_and_leave():
    code = grant(persona="complete")
    token = stripe.OAuth.token(grant_type="authorization_code", code=code)
    account = token["stripe_user_id"]
    assert account.startswith("acct_") and token["livemode"] is False, token
    assert stripe.Account.retrieve(account).charges_enabled
    assert stripe.OAuth.deauthorize(stripe_user_id=account)["stripe_user_id"] == account
    refused(errors.PermissionError, lambda: stripe.Account.retrieve(account))
    oauth = stripe.oauth_error
    refused(oauth.InvalidGrantError, lambda: stripe.OAuth.token(grant_type="authorization_code", code=code))
    refused(oauth.InvalidClientError, lambda: stripe.OAuth.deauthorize(stripe_user_id=account), http_status=401)
    refused(oauth.UnsupportedGrantTypeError, lambda: stripe.OAuth.token(grant_type="wishing", code=code))


def sellers_sell(seller):
    price = stripe.Price.create(currency="eur", unit_amount=700, product_data={"name": "Tea"}, stripe_account=seller)
    session = stripe.checkout.Session.create(
        mode="payment", success_url="https://a.example/", line_items=[{"price": price.id, "quantity": 3}],
        expand=["line_items.data.price.product"], stripe_account=seller)
    assert session.amount_total == 2100 and session.line_items.data[0].price.product.name == "Tea", session
    control("/sandbox/checkout", {"account": seller, "session": session.id})
    assert stripe.checkout.Session.retrieve(session.id, stripe_account=seller).payment_status == "paid"
    told = stripe.Event.list(types=["checkout.session.completed"], stripe_account=seller)
    assert told.data[0].data.object.id == session.id, told
    product = stripe.Product.modify(price.product, metadata={"shelf": "3"}, stripe_account=seller)
    product.metadata["shelf"] = None
    product.description = "Green"
    product.save()
    product = stripe.Product.retrieve(price.product, stripe_account=seller)
    assert product.description == "Green" and "shelf" not in product.metadata, product


def webhooks_are_signed(account):
    heard = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((body, self.headers["Stripe-Signature"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    receiving = threading.Thread(target=server.handle_request, daemon=True)
    receiving.start()
    endpoint = stripe.WebhookEndpoint.create(
        url=f"http://127.0.0.1:{server.server_port}/", connect=True, enabled_events=["account.updated"])
    stripe.Account.modify(account, metadata={"shelf": "3"})
    receiving.join(20)
    assert heard, "no webhook came"
    event = stripe.Webhook.construct_event(*heard[0], endpoint.secret)
    assert event.type == "account.updated" and event.account == account, event
    assert event.data.previous_attributes["metadata"]["shelf"] is None, event
    endpoint.delete()
    server.server_close()


accounts = each_way_through_the_pages()
errors_have_their_class()
a_key_counts_once()
sellers_connect_and_leave()
sellers_sell(accounts[0])
webhooks_are_signed(accounts[1])
print("ok with", stripe.version.VERSION if hasattr(stripe, "version") else stripe.VERSION)
