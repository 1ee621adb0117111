"""The import hook: `await` of plain values, and everything else as it was."""

from __future__ import annotations

from harness import GuestTest


class Importer(GuestTest):
    """Modules of the worker's own, and modules of others."""

    def test_every_place(self) -> None:
        """An await works wherever an expression can stand."""
        answer = self.ask(
            """
            import contextlib

            def five(): return 5

            class Holder:
                async def method(self):
                    return await five()

                async def __private(self):
                    return [await x for x in (1, 2)]

                async def call(self):
                    return await self.__private()

            @contextlib.asynccontextmanager
            async def manager():
                yield await five()

            async def numbers():
                for i in range(2):
                    yield await i

            def decorated(f): return f

            async def on_fetch(request, env):
                @decorated
                async def inner(x=await five()):
                    return await x
                result = [await five(), await Holder().method(), await Holder().call(), await inner()]
                result += [x async for x in numbers()]
                async with manager() as got:
                    result.append(got)
                match await five():
                    case 5 if await True:
                        result.append("match")
                try:
                    raise ValueError(await "text")
                except ValueError as error:
                    result.append(await str(error))
                if (walrus := await five()) == 5:
                    result.append(f"{await five()} {walrus}")
                while await False:
                    pass
                else:
                    result.append((lambda: 1)() if await 1 else await 2)
                return {"r": result, await "k": await None}
            """
        )
        self.assertEqual(
            answer.text, '{"r": [5, 5, [1, 2], 5, 0, 1, 5, "match", "text", "5 5", 1], "k": null}'
        )

    def test_tracebacks_are_exact(self) -> None:
        """Line, column and text of an exception under an await are the source's."""
        answer = self.ask(
            """
            async def fails(x):
                raise ValueError(x)

            async def on_fetch(request, env):
                value = (1 +
                         await fails(1))
                return value
            """
        )
        self.assertEqual([frame["line"] for frame in answer.failure["traceback"]], [7, 3])
        self.assertIn(
            "    await fails(1))\n    ^^^^^^^^^^^^^^\n",
            answer.text.replace("                 ", "    "),
        )
        answer = self.ask("async def on_fetch(r, env):\n    return 1 + await (1 / 0)\n")
        self.assertIn("return 1 + await (1 / 0)\n                      ~~^~~\n", answer.text)

    def test_source_that_is_odd(self) -> None:
        """Encodings, line ends, docstrings and future imports."""
        head = "from __future__ import annotations\n"
        body = "async def on_fetch(r, env):\n    return [await __doc__, await 'é', on_fetch.__annotations__]\n"
        cases = {
            "utf-8": f'"doc"\n{head}{body}'.encode(),
            "bom": b"\xef\xbb\xbf" + f'"doc"\n{head}{body}'.encode(),
            "latin-1": f'# coding: latin-1\n"doc"\n{head}{body}'.encode("latin-1"),
            "crlf": f'"doc"\n{head}{body}'.replace("\n", "\r\n").encode(),
            "cr": f'"doc"\n{head}{body}'.replace("\n", "\r").encode(),
            "form feed": f'"doc"\n{head}\f\n{body}'.encode(),
        }
        for name, source in cases.items():
            with self.subTest(name):
                answer = self.ask("", files={"src/entry.py": source})
                self.assertEqual((answer.failure, answer.text), (None, '["doc", "\\u00e9", {}]'))

    def test_packages_of_the_project(self) -> None:
        """Submodules of the worker's own packages have it too, namespace packages as well."""
        answer = self.ask(
            """
            from own.deep import value
            from space.deep import value as other
            async def on_fetch(request, env):
                return [await value(), await other()]
            """,
            files={
                "src/own/__init__.py": "",
                "src/own/deep.py": "async def value(): return await 1",
                "src/space/deep.py": "async def value(): return await 2",
            },
        )
        self.assertEqual(answer.text, "[1, 2]")

    def test_packages_of_others(self) -> None:
        """Installed packages are loaded as they are."""
        answer = self.ask(
            """
            import package
            async def on_fetch(request, env):
                return await package.value()
            """,
            files={"site-packages/package.py": "async def value(): return await 1"},
        )
        self.assertIn(
            "TypeError: object int can't be used in 'await' expression", answer.failure["message"]
        )
        self.assertEqual([frame["file"] for frame in answer.failure["traceback"]], ["src/entry.py"])

    def test_no_cache(self) -> None:
        """Nothing is read from __pycache__, and nothing written to it."""
        import py_compile

        source = self.root / "src" / "helper.py"
        source.parent.mkdir(parents=True)
        source.write_text("async def value(): return await 1\n")
        py_compile.compile(str(source))
        answer = self.ask(
            "import helper\nimport other\nasync def on_fetch(r, env): return str(await helper.value())",
            files={"src/other.py": ""},
        )
        self.assertEqual(answer.text, "1")
        cached = {path.name.split(".")[0] for path in self.root.rglob("*.pyc")}
        self.assertEqual(cached, {"helper"})

    def test_errors_of_await(self) -> None:
        """An await where none may stand is the usual syntax error."""
        loaded = self.load("def on_fetch(request, env):\n    return await 1\n")
        self.assertFalse(loaded.ok)
        self.assertEqual(loaded.failure["message"], "SyntaxError: 'await' outside async function")
        self.assertEqual(loaded.failure["traceback"][-1]["line"], 2)

    def test_source_of_the_image(self) -> None:
        """Tracebacks show the source that runs, whatever the file holds now."""
        answer = self.ask(
            """
            import pathlib
            def on_fetch(request, env):
                pathlib.Path(__file__).write_text("changed")
                raise ValueError("x")
            """
        )
        self.assertEqual(answer.failure["traceback"][-1]["text"], 'raise ValueError("x")')
