"""For logs and pipes: a line whenever something else begins. Notes come with the table, but of who is lost."""

from harness.terminal import Lines
from harness.views.view import View


class LinesView(View):
    lines: Lines | None = None

    def tell(self, done_s: float, where: str, group: int | None) -> None:
        self.lines = self.lines or Lines(*self.plan.extent)
        self.lines(done_s, where)
