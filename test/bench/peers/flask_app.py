"""The same call as the daemon's, as a Flask app has it: checks the signature over the raw body and stores nothing."""

import hashlib
import hmac
import os

from flask import Flask, abort, jsonify, request

SECRET = os.environ["BENCH_SECRET"].encode()

app = Flask(__name__)


@app.post("/create-session")
def create_session():
    wanted = "sha256=" + hmac.new(SECRET, request.get_data(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, request.headers.get("X-Hub-Signature-256", "")):
        abort(403)
    body = request.get_json()
    return jsonify(status="queued", project=body.get("project_name"))
