"""A virtual client as Locust knows it: a user that holds a place. Its bytes are moved by a flood."""

from typing import ClassVar

from gevent.event import Event
from locust import User, task

from loadgen.places import Places


class VirtualClient(User):
    """A user that takes one of the places, which its subclass names."""

    abstract = True
    places: ClassVar[Places]

    def on_start(self) -> None:
        self.name = self.places.join(self.environment.runner.worker_index)

    def on_stop(self) -> None:
        self.places.leave(self.name)

    @task
    def take_part(self) -> None:
        """Hold the place until Locust stops the user."""
        Event().wait()
