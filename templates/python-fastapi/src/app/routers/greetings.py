"""An example router: replace it by the first real one."""

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

router = APIRouter(prefix="/greetings", tags=["greetings"])


class GreetingRequest(BaseModel):
    name: str = Field(min_length=1, max_length=100)


class Greeting(BaseModel):
    greeting: str


@router.post("", status_code=status.HTTP_201_CREATED)
def create_greeting(request: GreetingRequest) -> Greeting:
    return Greeting(greeting=f"Hello, {request.name}!")
