from django.test import Client, TestCase
from django.urls import reverse

from notes.models import Note


class NoteListTest(TestCase):
    def test_says_that_there_is_none(self) -> None:
        self.assertContains(self.client.get(reverse("notes:list")), "There is none yet.")

    def test_shows_the_newest_first(self) -> None:
        Note.objects.create(text="first")
        Note.objects.create(text="second")
        response = self.client.get(reverse("notes:list"))
        self.assertEqual([note.text for note in response.context["note_list"]], ["second", "first"])

    def test_a_text_is_not_markup(self) -> None:
        Note.objects.create(text="<b>bold</b>")
        self.assertContains(self.client.get(reverse("notes:list")), "&lt;b&gt;bold&lt;/b&gt;")


class NoteCreateTest(TestCase):
    def test_saves_and_goes_back_to_the_list(self) -> None:
        response = self.client.post(reverse("notes:create"), {"text": "buy milk"})
        self.assertRedirects(response, reverse("notes:list"))
        self.assertEqual(Note.objects.get().text, "buy milk")

    def test_says_what_is_wrong(self) -> None:
        response = self.client.post(reverse("notes:create"), {"text": ""})
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.context["form"].errors, {"text": ["This field is required."]})
        self.assertFalse(Note.objects.exists())

    def test_refuses_a_forged_request(self) -> None:
        strict = Client(enforce_csrf_checks=True)
        self.assertEqual(strict.post(reverse("notes:create"), {"text": "x"}).status_code, 403)
