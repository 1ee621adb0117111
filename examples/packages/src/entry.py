import checks
from pymode.workers import Response


async def on_fetch(request, env):
    name = request.path.strip("/")
    if not name:
        return Response.json({"packages": sorted(checks.CHECKS)})
    if name not in checks.CHECKS:
        return Response.json({"error": f"no check of {name}"}, status=404)
    answer = await checks.run(name)
    return Response.json(answer, status=200 if answer["native"] and answer["equal"] else 500)
