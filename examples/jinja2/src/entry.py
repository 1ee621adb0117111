import markupsafe
from jinja2 import DictLoader, Environment
from pymode.workers import Response

PAGE = """<!doctype html>
<title>{{ title }}</title>
<h1>{{ title }}</h1>
<ul>
{%- for item in items %}
  <li>{{ item }}</li>
{%- else %}
  <li>nothing yet</li>
{%- endfor %}
</ul>
"""

# Compiled when the worker is imported: requests start from there.
pages = Environment(autoescape=True, loader=DictLoader({"list.html": PAGE}))
page = pages.get_template("list.html")


async def on_fetch(request, env):
    if request.path == "/escape":
        text = request.query.get("text", ["<&>"])[0]
        # The C function, or the Python one that stands in where it can't be loaded.
        by = markupsafe._escape_inner.__module__
        return Response.json({"escaped": str(markupsafe.escape(text)), "by": by})
    html = page.render(title="Shopping", items=request.query.get("item", []))
    return Response(html, headers={"Content-Type": "text/html; charset=utf-8"})
