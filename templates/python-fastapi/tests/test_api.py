from fastapi.testclient import TestClient


def test_is_healthy(client: TestClient) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_greets_by_name(client: TestClient) -> None:
    response = client.post("/greetings", json={"name": "Ada"})
    assert response.status_code == 201
    assert response.json() == {"greeting": "Hello, Ada!"}


def test_names_the_field_that_is_wrong(client: TestClient) -> None:
    response = client.post("/greetings", json={"name": ""})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "name"]
