from django.urls import path

from notes import views

app_name = "notes"

urlpatterns = [
    path("", views.NoteList.as_view(), name="list"),
    path("new", views.NoteCreate.as_view(), name="create"),
]
