"""Judging by name: the last resort, for what cannot be read."""

from __future__ import annotations

import re
from functools import cache

_WORK = r"(process|generate|render|create|convert|build|make|export|produce|compile|transform|handle|run|do|perform)"
_PATTERNS: tuple[tuple[str, re.Pattern[str], float], ...] = tuple(
    (category, re.compile(pattern, re.IGNORECASE | re.VERBOSE), ms)
    for category, pattern, ms in (
        (
            "video",
            rf"""
            (^|_)({_WORK}|transcode|encode|compress|cut|trim|concat|merge)_?(the_)?(\w+_)?videos?($|_(?!call|url|id|meta|record|entry))
            | transcode | write_videofile | extract_frames
            """,
            10000,
        ),
        (
            "audio",
            r"""
            (^|_)(transcribe|diari[sz]e|separate_(stems|vocals|audio)|transcode_audio|synthesi[sz]e_speech|process_audio|convert_audio)
            """,
            10000,
        ),
        (
            "pdf",
            rf"""
            (^|_)({_WORK}|html_to|render_to|write|merge|split)_?(\w+_)?pdfs?($|_(?!url|id|link|path|name|record))
            | write_pdf
            """,
            500,
        ),
        (
            "image",
            r"""
            (^|_)(resize|crop|rescale|upscale|watermark|process|convert|compress|optimi[sz]e)_(\w+_)?(images?|photos?|pictures?|avatars?|thumbnails?)$
            | (^|_)(generate|create|make|build)_(\w+_)?(thumbnails?|previews?)$ | remove_background$
            """,
            300,
        ),
        ("ocr", r"(^|_)(run_|do_|perform_)?ocr($|_)|image_to_string|recogni[sz]e_text", 3000),
        (
            "ml",
            r"""
            (^|_)(train|fine_?tune|retrain)(_\w+)?_?model$
            | (^|_)(train|fine_?tune)($|_(the_)?(network|classifier|llm)) | (^|_)(run|do|batch)_inference$
            | (compute|generate|create|build)_embeddings?$ | (^|_)embed_(documents?|texts?|corpus)$
            """,
            5000,
        ),
        (
            "data",
            r"""
            (^|_)(process|crunch|aggregate|transform|analy[sz]e)_(large_|big_|huge_|entire_|full_)(\w*_)?(data_?sets?|data|files?|csvs?)$
            | (^|_)process_(data_?set|data_?frame|csv|excel|spreadsheet)s?$ | crunch_numbers
            """,
            1000,
        ),
        ("compression", r"(^|_)(compress|zip|archive)_(files?|folders?|director(y|ies)|uploads?|backup)$", 500),
        ("plot", r"(^|_)(render|plot|draw)_(charts?|figures?|graphs?|plots?)$", 300),
    )
)  # fmt: skip


@cache
def judge(name: str) -> tuple[str, float] | None:
    """The category of work that a name tells of, with a guess of its milliseconds; None where it tells nothing."""
    last = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.removesuffix("()").rpartition(".")[2])
    for category, pattern, ms in _PATTERNS:
        if pattern.search(last):
            return category, ms
    return None
