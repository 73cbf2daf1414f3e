from textwrap import dedent

from rules.core.facts import ModuleFacts, facts_of
from rules.core.flow.across_files import deliveries
from rules.core.flow.facts import PassedFact, SinkFact, passed_of, sinks_of
from rules.core.project import Project
from rules.core.source import SourceFile


def source(path: str, text: str) -> SourceFile:
    return SourceFile(path, dedent(text))


STORE = """
def read(folder: str, size: int):
    return open(folder + "/x").read(size)

def find(connection, name, city):
    return connection.execute(f"SELECT * FROM users WHERE a = '{name}' AND b = '{city}'")
"""


def test_a_parameter_that_ends_in_a_sink_is_a_fact_for_callers_elsewhere() -> None:
    assert list(sinks_of(source("app/store.py", STORE))) == [
        SinkFact("app.store.find", "name", "sql", "execute", 6),
        SinkFact("app.store.find", "city", "sql", "execute", 6),
        SinkFact("app.store.read", "folder", "path", "open", 3),
    ]


def test_a_parameter_that_is_given_on_is_a_fact_with_the_uses_it_was_checked_for() -> None:
    file = source(
        "app/service.py",
        """
        from app.store import read

        def load(folder: str, name: str):
            if ".." not in name:
                return read(folder=name, size=2)
        """,
    )

    assert list(passed_of(file, file.names)) == [
        PassedFact("app.service.load", "name", "app.store.read", -1, "folder", 6, ("path",))
    ]


def test_the_facts_survive_the_cache() -> None:
    facts = facts_of(source("app/store.py", STORE))

    assert ModuleFacts.loads(facts.dumps()) == facts


def test_request_data_is_followed_over_three_functions_and_no_further() -> None:
    texts = {
        "app/a.py": "def one(text):\n    import os\n    os.system(text)\n",
        "app/b.py": "from app.a import one\n\ndef two(text):\n    one(text)\n",
        "app/c.py": "from app.b import two\n\ndef three(text):\n    two(text=text)\n",
        "app/d.py": "from app.c import three\n\ndef four(text):\n    three(text)\n",
        "app/routes.py": """
from fastapi import APIRouter
from app.c import three
from app.d import four

router = APIRouter()

@router.get("/")
def route(q: str):
    three(q)
    four(q)
""",
    }
    files = {path: SourceFile(path, text) for path, text in texts.items()}
    route = files["app/routes.py"]
    route.project = Project.of_files(files.values())

    found = deliveries(route, "shell")

    assert [[(s.path, s.line, s.message) for s in delivery.trace] for delivery in found] == [
        [
            ("app/routes.py", 9, "query parameter `q` of `GET /`"),
            ("app/c.py", 4, "`three` passes it to `two`"),
            ("app/b.py", 4, "`two` passes it to `one`"),
            ("app/a.py", 3, "`one` gives it to `os.system`"),
        ]
    ]
