from django.test import SimpleTestCase


class HealthTest(SimpleTestCase):
    def test_is_healthy(self) -> None:
        response = self.client.get("/healthz")
        self.assertEqual(response.json(), {"status": "ok"})
