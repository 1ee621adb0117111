"""What each package computes in C, beside what is to come out of it.

A check returns the module of C that did it, the result and the result that is wanted: from
the package's own pure Python where it has one, else worked out by other means.
"""

import inspect
import json
import random
import re

SAMPLE = {"name": "Ada <&> Grace", "list": [1, -2.5, None, True], "deep": {"ä": "é\n"}}


async def aiohttp():
    import asyncio

    from aiohttp import _http_parser

    # The example of chunks in RFC 9112, section 7.1, in pieces.
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n"

    class Protocol:
        _reading_paused = False

        def pause_reading(self, **options):
            pass

        resume_reading = pause_reading

    parser = _http_parser.HttpResponseParser(Protocol(), asyncio.get_running_loop(), 2**16)
    messages, *_ = parser.feed_data(head + chunks[:7])
    parser.feed_data(chunks[7:])
    message, body = messages[0]
    got = [message.code, message.chunked, (await body.read()).decode()]
    return _http_parser, got, [200, True, "Wikipedia"]


def bitarray():
    from bitarray import _bitarray, bitarray, util

    numbers = [random.Random(1).getrandbits(1) for _ in range(1000)]
    bits = bitarray(numbers)
    want = [sum(numbers), "".join(map(str, numbers[:40])), int("".join(map(str, numbers)), 2)]
    return _bitarray, [bits.count(), bits[:40].to01(), util.ba2int(bits)], want


def brotli():
    import _brotli
    import brotli

    data = b"the same again and again, " * 500
    packed = brotli.compress(data)
    # What the format's specification has for nothing, RFC 7932.
    got = [brotli.decompress(packed) == data, len(packed) < 100, brotli.decompress(b"\x06")]
    return _brotli, got, [True, True, b""]


def lz4():
    from lz4 import block, frame

    data = b"the same again and again, " * 500
    packed = [frame.compress(data), block.compress(data)]
    unpacked = [frame.decompress(packed[0]), block.decompress(packed[1])]
    small = [len(p) < len(data) // 20 for p in packed]
    return frame._frame, [unpacked == [data, data], small], [True, [True, True]]


def markupsafe():
    from markupsafe import _native, _speedups, escape

    text = "<a href='x'>\"&\"</a>" * 50
    return _speedups, str(escape(text)), _native._escape_inner(text)


def msgpack():
    from msgpack import _cmsgpack, fallback

    packed = _cmsgpack.Packer().pack(SAMPLE)
    want = fallback.Packer().pack(SAMPLE)
    return _cmsgpack, [packed.hex(), _cmsgpack.unpackb(packed)], [want.hex(), SAMPLE]


def multidict():
    from multidict import CIMultiDict, _multidict, _multidict_py

    def use(kind):
        headers = kind([("Accept", "a"), ("accept", "b"), ("Host", "h")])
        headers.add("ACCEPT", "c")
        del headers["host"]
        return [headers.getall("Accept"), list(headers.items()), "HOST" in headers]

    return _multidict, use(CIMultiDict), use(_multidict_py.CIMultiDict)


def pyyaml():
    import yaml

    text = yaml.dump(SAMPLE, Dumper=yaml.CSafeDumper)
    loaded = yaml.load(text, Loader=yaml.CSafeLoader)
    want = yaml.dump(SAMPLE, Dumper=yaml.SafeDumper)
    return yaml._yaml, [text, loaded], [want, SAMPLE]


def regex():
    import regex
    from regex import _regex

    text = "one 1, two 22, three 333; " * 20
    found = regex.findall(r"(\w+) (\d+)", text)
    words = regex.findall(r"\p{Lu}\p{Ll}+", "Ärger Über aBc")
    return _regex, [found, words], [re.findall(r"(\w+) (\d+)", text), ["Ärger", "Über", "Bc"]]


def selectolax():
    from selectolax import lexbor

    tree = lexbor.LexborHTMLParser("<ul><li class=a>one<li class='a b'>two<li>three</ul><p>é")
    found = [node.text() for node in tree.css("ul > li.a")]
    return lexbor, [found, tree.css_first("p").text()], [["one", "two"], "é"]


def simplejson():
    import simplejson
    from simplejson import _speedups

    text = simplejson.dumps(SAMPLE)
    return _speedups, [text, simplejson.loads(text)], [json.dumps(SAMPLE), SAMPLE]


def ujson():
    import ujson

    text = ujson.dumps(SAMPLE, escape_forward_slashes=False)
    numbers = [0.1, 1e300, -2.5e-8, 123456789.125]
    return (
        ujson,
        [json.loads(text), ujson.loads(text), ujson.loads(ujson.dumps(numbers))],
        [SAMPLE, SAMPLE, numbers],
    )


def wrapt():
    import wrapt
    from wrapt import _wrappers, wrappers

    calls = []

    @wrapt.decorator
    def noted(wrapped, instance, args, kwargs):
        calls.append((wrapped.__name__, args))
        return wrapped(*args, **kwargs)

    proxies = [kind([1, 2]) for kind in (_wrappers.ObjectProxy, wrappers.ObjectProxy)]
    added = [proxy * 2 for proxy in proxies]
    return _wrappers, [noted(max)(1, 2), calls, added[0]], [2, [("max", (1, 2))], added[1]]


def xxhash():
    import xxhash
    from xxhash import _xxhash

    # The digests of the algorithms' own specification, of nothing and seed 0.
    got = [new(b"").hexdigest() for new in (xxhash.xxh32, xxhash.xxh64, xxhash.xxh3_64)]
    big = xxhash.xxh3_64()
    for _ in range(100):
        big.update(b"0123456789")
    got.append(big.hexdigest() == xxhash.xxh3_64(b"0123456789" * 100).hexdigest())
    return _xxhash, got, ["02cc5d05", "ef46db3751d8e999", "2d06800538d394c2", True]


def yarl():
    from yarl import _quoting_c, _quoting_py

    texts = ["/a b/ü?x=%zz&y=%41", "50%", "a/../b"]
    ways = [{"safe": "/", "protected": "?"}, {"qs": True}, {}]

    def use(module):
        quoted = [module._Quoter(**way)(text) for way in ways for text in texts]
        return quoted + [module._Unquoter()(text) for text in quoted]

    return _quoting_c, use(_quoting_c), use(_quoting_py)


CHECKS = {
    check.__name__: check
    for check in (
        aiohttp, bitarray, brotli, lz4, markupsafe, msgpack, multidict, pyyaml, regex,
        selectolax, simplejson, ujson, wrapt, xxhash, yarl,
    )
}  # fmt: skip


async def run(name):
    """Run one check and tell whether C gave the right answer."""
    answer = CHECKS[name]()
    module, got, want = await answer if inspect.isawaitable(answer) else answer
    native = module.__file__.rpartition(".")[2] in ("wasm", "so")
    answer = {"package": name, "module": module.__name__, "native": native, "equal": got == want}
    if got != want:
        answer |= {"got": repr(got)[:500], "want": repr(want)[:500]}
    return answer
