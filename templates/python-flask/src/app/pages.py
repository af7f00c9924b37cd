"""An example page with a form: replace it by the first real one."""

from flask import Blueprint, render_template, request

blueprint = Blueprint("pages", __name__)

max_name_length = 100


@blueprint.get("/")
def index() -> str:
    return render_template("index.html")


@blueprint.get("/greeting")
def greeting() -> tuple[str, int]:
    name = request.args.get("name", "").strip()
    if not name:
        return render_template("index.html", problem="Please give a name."), 400
    if len(name) > max_name_length:
        problem = f"A name has at most {max_name_length} characters."
        return render_template("index.html", problem=problem), 400
    return render_template("greeting.html", name=name), 200
