import pytest
from flask.testing import FlaskClient


def test_is_healthy(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json == {"status": "ok"}


def test_shows_the_form(client: FlaskClient) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert "Who is there?" in response.text


def test_greets_by_name(client: FlaskClient) -> None:
    response = client.get("/greeting", query_string={"name": "Ada"})
    assert response.status_code == 200
    assert "Hello, Ada!" in response.text


def test_a_name_is_text_and_not_markup(client: FlaskClient) -> None:
    response = client.get("/greeting", query_string={"name": "<b>Ada</b>"})
    assert "Hello, &lt;b&gt;Ada&lt;/b&gt;!" in response.text


@pytest.mark.parametrize(
    ("name", "problem"),
    [(" ", "Please give a name."), ("a" * 101, "at most 100 characters")],
)
def test_says_what_is_wrong_with_a_name(client: FlaskClient, name: str, problem: str) -> None:
    response = client.get("/greeting", query_string={"name": name})
    assert response.status_code == 400
    assert problem in response.text
