from django.urls import reverse_lazy
from django.views.generic import CreateView, ListView

from notes.models import Note


class NoteList(ListView):
    model = Note
    paginate_by = 50


class NoteCreate(CreateView):
    model = Note
    fields = ("text",)
    success_url = reverse_lazy("notes:list")
