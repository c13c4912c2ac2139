"""Little drawn photos of what residents report, before and after it was put right.

They are drawings on purpose: nobody mistakes them for a real street, and each one is a few kilobytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from jingwei.demo.names import dice

SIZE = (640, 480)
LARGEST = 40_000  # bytes
_SCALE = 2  # drawn larger and shrunk, so that edges come out smooth

Colour = tuple[int, int, int]


class _Board:
    """A canvas that counts in picture points and draws at twice the size."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.image = Image.new("RGB", (SIZE[0] * _SCALE, SIZE[1] * _SCALE), (190, 200, 205))
        self._draw = ImageDraw.Draw(self.image)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour, edge: int = 0) -> None:
        self._draw.rectangle(
            [v * _SCALE for v in (left, top, right, bottom)], fill, _DARK if edge else None, edge * _SCALE
        )

    def oval(self, left: float, top: float, right: float, bottom: float, fill: Colour, edge: int = 0) -> None:
        self._draw.ellipse(
            [v * _SCALE for v in (left, top, right, bottom)], fill, _DARK if edge else None, edge * _SCALE
        )

    def shape(self, points: Sequence[tuple[float, float]], fill: Colour) -> None:
        self._draw.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill)

    def line(self, points: Sequence[tuple[float, float]], fill: Colour, width: float = 3) -> None:
        self._draw.line(
            [(x * _SCALE, y * _SCALE) for x, y in points], fill, round(width * _SCALE), joint="curve"
        )

    def about(self, value: float, by: float) -> float:
        """Return a value near the given one."""
        return value + self.chance.uniform(-by, by)

    def blob(self, x: float, y: float, wide: float, high: float, fill: Colour) -> None:
        """Draw a puddle, a heap or a stain: an oval with an uneven edge."""
        for _ in range(9):
            dx, dy = self.about(0, wide * 0.45), self.about(0, high * 0.35)
            w, h = wide * self.about(0.55, 0.15), high * self.about(0.6, 0.15)
            self.oval(x + dx - w / 2, y + dy - h / 2, x + dx + w / 2, y + dy + h / 2, fill)


_DARK: Colour = (52, 56, 60)
_ROAD: Colour = (120, 124, 128)
_PAVING: Colour = (176, 172, 164)
_WALL: Colour = (206, 192, 172)
_WATER: Colour = (96, 130, 150)
_RED: Colour = (196, 60, 50)
_GREEN: Colour = (92, 132, 84)
_YELLOW: Colour = (236, 200, 70)
_WHITE: Colour = (240, 240, 236)


def draw_photo(kind: str, seed: int, *, after: bool = False) -> bytes:
    """Return a JPEG of 640 × 480, at most 40 kB: the thing as reported, or put right. Raises KeyError for a
    kind that nobody drew.
    """
    draw = _DRAWINGS[kind]
    board = _Board(dice("photo", kind, seed))
    draw(board, after)
    picture = board.image.resize(SIZE, Image.Resampling.LANCZOS)
    picture = _in_some_light(picture, dice("light", kind, seed))  # the same before and after
    packed = (_pack(picture, quality) for quality in (82, 70, 55, 40, 25))
    return next(photo for photo in packed if len(photo) <= LARGEST)


def _pack(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def _in_some_light(picture: Image.Image, chance: Random) -> Image.Image:
    """Vary brightness and tint a little, and blur as a phone held in the hand does."""
    red, green, blue = (chance.uniform(0.86, 1.06) for _ in range(3))
    tinted = [
        band.point([min(255, round(level * factor)) for level in range(256)])
        for band, factor in zip(picture.split(), (red, (red + green) / 2, (red + blue) / 2), strict=True)
    ]
    return Image.merge("RGB", tinted).filter(ImageFilter.GaussianBlur(0.6))


def _street(board: _Board) -> None:
    """Draw sky, houses, pavement and road."""
    board.box(0, 0, 640, 150, (200, 214, 222))
    left = -20.0
    while left < 640:
        wide, top = board.about(120, 40), board.about(60, 40)
        tone = round(board.about(190, 22))
        board.box(left, top, left + wide, 210, (tone, tone - 8, tone - 18))
        for x in range(int(left) + 14, int(left + wide) - 18, 30):
            for y in range(int(top) + 14, 190, 34):
                board.box(x, y, x + 14, y + 18, (120, 138, 150))
        left += wide
    _pavement(board, 210, 300)
    board.box(0, 300, 640, 480, _ROAD)
    board.box(0, 296, 640, 306, (212, 208, 200))


def _pavement(board: _Board, top: float, bottom: float) -> None:
    board.box(0, top, 640, bottom, _PAVING)
    rows = max(2, int((bottom - top) / 30))
    for row in range(rows + 1):
        y = top + (bottom - top) * row / rows
        board.line([(0, y), (640, y)], (152, 148, 142), 1.5)
        for column in range(0, 12):
            x = column * 60 + (30 if row % 2 else 0)
            board.line([(x, y), (x, y + (bottom - top) / rows)], (152, 148, 142), 1.5)


def _room(board: _Board) -> None:
    """Draw the inside of a stairway: two walls, a floor, a ceiling."""
    board.box(0, 0, 640, 480, (196, 192, 182))
    board.shape([(0, 0), (640, 0), (450, 110), (190, 110)], (222, 220, 212))
    board.shape([(0, 480), (640, 480), (450, 330), (190, 330)], (150, 146, 140))
    board.box(190, 110, 450, 330, (208, 204, 194))
    board.shape([(0, 0), (190, 110), (190, 330), (0, 480)], (184, 182, 172))
    board.shape([(0, 300), (190, 250), (190, 330), (0, 480)], (116, 140, 124))


def _cover(board: _Board, x: float, y: float, lift: float) -> None:
    board.oval(x - 120, y - 62, x + 120, y + 62, (40, 40, 42))
    board.oval(x - 112, y - 58, x + 112, y + 56, (26, 26, 28) if lift else (86, 86, 88))
    dx, dy = lift * 0.9, -lift * 0.7
    board.oval(x - 110 + dx, y - 56 + dy, x + 110 + dx, y + 56 + dy, (92, 90, 88), edge=3)
    for step in range(-3, 4):
        reach = 100 * (1 - (step / 4) ** 2) ** 0.5
        level = y + step * 14 + dy
        board.line([(x - reach + dx, level), (x + reach + dx, level)], (68, 66, 64), 4)


def _manhole(board: _Board, after: bool) -> None:
    _pavement(board, 0, 480)
    _cover(board, board.about(320, 50), board.about(260, 30), 0 if after else board.about(48, 12))


def _garbage(board: _Board, after: bool) -> None:
    _street(board)
    x = board.about(330, 90)
    board.box(x - 40, 170, x + 40, 262, _GREEN, edge=3)
    board.box(x - 46, 160, x + 46, 176, (70, 104, 64), edge=2)
    if after:
        board.blob(x + 90, 282, 150, 14, (160, 164, 164))
        return
    colours: list[Colour] = [(40, 42, 48), (220, 220, 214), (186, 70, 60), (70, 92, 150), (150, 120, 80)]
    for _ in range(26):
        bx, by = board.about(x + 20, 130), board.about(285, 34)
        w, h = board.about(46, 16), board.about(36, 12)
        board.oval(bx - w / 2, by - h / 2, bx + w / 2, by + h / 2, board.chance.choice(colours), edge=1)
        board.line([(bx, by - h / 2), (bx + 4, by - h / 2 - 9)], _DARK, 3)


def _lamp(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 480, (22, 28, 44))
    for across in range(0, 640, 80):
        top = board.about(150, 40)
        board.box(across, top, across + 74, 330, (34, 40, 56))
        if board.chance.random() < 0.5:
            board.box(across + 20, top + 30, across + 36, top + 50, (196, 172, 100))
    board.box(0, 330, 640, 480, (46, 48, 54))
    x = board.about(300, 60)
    if after:
        for step in range(14):
            share = step / 14
            tone = round(60 + 120 * share)
            board.shape(
                [(x + 70, 96), (x - 70 * (1.9 - share), 470), (x + 250 - 60 * share, 470)],
                (tone, tone - 8, round(56 + 40 * share)),
            )
    board.line([(x, 470), (x, 90), (x + 30, 66), (x + 90, 66)], (132, 136, 140), 9)
    board.oval(x + 62, 60, x + 112, 86, (255, 240, 180) if after else (60, 62, 66))


def _puddle(board: _Board, after: bool) -> None:
    _street(board)
    x = board.about(320, 60)
    board.box(470, 308, 550, 326, (50, 52, 54))
    for bar in range(5):
        board.box(476 + bar * 15, 310, 484 + bar * 15, 324, (96, 98, 100))
    if after:
        board.blob(x, 380, 240, 40, (110, 114, 118))
        return
    board.blob(x, 385, 470, 150, _WATER)
    for ring in range(3):
        y = 360 + ring * 26
        board.line([(x - 130 + ring * 40, y), (x - 30 + ring * 40, y)], (160, 186, 200), 3)
    board.oval(x + 20, 356, x + 90, 374, (150, 178, 192))


def _corridor(board: _Board, after: bool) -> None:
    _room(board)
    board.box(280, 160, 372, 330, (90, 112, 132), edge=3)
    board.oval(356, 240, 366, 250, _YELLOW)
    board.box(288, 122, 364, 146, (40, 140, 80))
    board.shape([(296, 134), (312, 126), (312, 142)], _WHITE)
    if after:
        return
    left = 40.0
    for row in range(3):
        for column in range(3 - row):
            w = board.about(84, 10)
            x, y = left + column * 88 + row * 40, 440 - row * 70
            tone = round(board.about(178, 16))
            board.box(x, y - 66, x + w, y, (tone, tone - 36, tone - 86), edge=2)
            board.line([(x + w / 2, y - 66), (x + w / 2, y)], (206, 186, 140), 7)
    board.box(390, 300, 560, 440, (120, 86, 60), edge=3)
    board.box(400, 250, 420, 300, (120, 86, 60), edge=2)
    board.oval(380, 420, 430, 470, _DARK)


def _pothole(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 480, _ROAD)
    board.box(0, 0, 640, 70, _PAVING)
    board.box(0, 66, 640, 78, (212, 208, 200))
    for across in range(-40, 640, 150):
        board.box(across, 120, across + 90, 130, _WHITE)
    x, y = board.about(320, 50), board.about(300, 24)
    if after:
        board.box(x - 150, y - 80, x + 150, y + 80, (82, 84, 88))
        return
    board.blob(x, y, 300, 130, (92, 90, 88))
    board.blob(x, y + 6, 220, 84, (56, 52, 50))
    for _ in range(14):
        px, py, r = board.about(x, 190), board.about(y, 95), board.about(7, 3)
        board.oval(px - r, py - r, px + r, py + r, (150, 148, 142))
    for side in (-1, 1):
        points = [(x + side * (110 + step * 26), board.about(y, 26)) for step in range(5)]
        board.line(points, (60, 58, 56), 3)


def _poster(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 480, _WALL)
    for row in range(0, 480, 40):
        board.line([(0, row), (640, row)], (184, 170, 150), 2)
        for across in range(-40 + (row // 40 % 2) * 40, 640, 80):
            board.line([(across, row), (across, row + 40)], (184, 170, 150), 2)
    if after:
        board.box(120, 100, 500, 380, (212, 200, 182))
        return
    for _ in range(13):
        x, y = board.about(300, 210), board.about(220, 140)
        fill = board.chance.choice([_WHITE, _YELLOW, (230, 150, 150), (150, 200, 220)])
        board.box(x, y, x + 96, y + 70, fill, edge=1)
        board.box(x + 10, y + 10, x + 86, y + 24, _RED)
        for row in range(3):
            board.line([(x + 12, y + 36 + row * 10), (x + board.about(76, 8), y + 36 + row * 10)], _DARK, 3)


def _cable(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 480, _WALL)
    for y in range(30, 330, 110):
        for across in range(60, 640, 150):
            board.box(across, y, across + 74, y + 70, (120, 142, 156), edge=3)
            board.line([(across + 37, y), (across + 37, y + 70)], _DARK, 2)
    board.box(0, 380, 640, 480, _PAVING)
    x = board.about(250, 40) if not after else 460.0
    if after:
        board.box(350, 250, 610, 268, (70, 110, 150))
        for post in (360, 480, 600):
            board.line([(post, 260), (post, 420)], (100, 104, 108), 8)
        board.box(560, 300, 590, 350, (60, 150, 90), edge=2)
    _e_bike(board, x, 420)
    if not after:
        board.line([(97, 150), (board.about(130, 20), 260), (x - 40, 330), (x - 12, 372)], _RED, 4)
        board.box(x - 26, 366, x + 2, 384, _WHITE, edge=2)


def _e_bike(board: _Board, x: float, y: float) -> None:
    for wheel in (-64, 64):
        board.oval(x + wheel - 34, y - 34, x + wheel + 34, y + 34, _DARK)
        board.oval(x + wheel - 22, y - 22, x + wheel + 22, y + 22, (170, 174, 178))
    board.shape([(x - 60, y - 4), (x - 20, y - 50), (x + 30, y - 46), (x + 24, y - 6)], (60, 100, 150))
    board.line([(x + 64, y), (x + 40, y - 84), (x + 66, y - 92)], (60, 64, 68), 8)
    board.box(x - 50, y - 62, x + 4, y - 48, (40, 42, 44))


def _traffic_light(board: _Board, after: bool) -> None:
    _street(board)
    x = board.about(320, 60)
    board.line([(x, 440), (x, 120)], (100, 104, 108), 12)
    board.box(x - 36, 30, x + 36, 210, (36, 40, 44), edge=3)
    dead: Colour = (66, 64, 62)
    lamps = [dead, dead, (70, 200, 110)] if after else [dead, dead, dead]
    for number, fill in enumerate(lamps):
        board.oval(x - 24, 40 + number * 56, x + 24, 88 + number * 56, fill)
    for stripe in range(6):
        board.box(60 + stripe * 94, 330, 110 + stripe * 94, 460, (206, 206, 202))
    board.line([(x, 440), (x, 210)], (100, 104, 108), 12)


def _marking(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 480, _ROAD)
    board.box(0, 0, 640, 60, _PAVING)
    for stripe in range(7):
        left = 40 + stripe * 84
        shape = [(left + 14, 110), (left + 52, 110), (left + 58, 430), (left, 430)]
        board.shape([(float(x), float(y)) for x, y in shape], _WHITE if after else (134, 137, 140))
        if not after:
            for _ in range(7):
                board.blob(board.about(left + 28, 20), board.about(270, 150), 34, 22, _ROAD)


def _fence(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 200, (200, 214, 222))
    board.box(0, 200, 640, 480, (138, 152, 106))
    board.shape([(0, 300), (640, 240), (640, 290), (0, 370)], (142, 134, 126))
    for rail in (0, 22):
        board.line([(0, 322 + rail), (640, 252 + rail)], (92, 88, 86), 5)
    for x in range(0, 641, 40):
        board.line([(x, 318 - x * 0.11), (x - 6, 356 - x * 0.11)], (104, 82, 66), 7)
    hole = board.about(320, 60)
    for x in range(-400, 700, 22):
        for lean in (1, -1):
            for part in range(12):
                x1, y1 = x + lean * part * 22 + (300 if lean < 0 else 0), 120 + part * 26
                near = abs(x1 - hole) < 80 and 220 < y1 < 420
                if after or not near:
                    board.line([(x1, y1), (x1 + lean * 22, y1 + 26)], (84, 110, 90), 2)
    for post in range(20, 641, 150):
        board.box(post, 100, post + 12, 440, (70, 96, 78))


def _pipe(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 480, (206, 202, 192))
    board.box(0, 390, 640, 480, (150, 146, 140))
    board.box(0, 150, 640, 196, (150, 160, 166), edge=2)
    x = board.about(320, 60)
    board.box(x - 40, 140, x + 40, 206, (70, 120, 160) if after else (120, 128, 132), edge=3)
    for bolt in (-28, 28):
        board.oval(x + bolt - 7, 150, x + bolt + 7, 164, _DARK)
    if after:
        return
    for _ in range(18):
        end = board.about(x, 130)
        board.line([(x, 200), ((x + end) / 2, board.about(260, 20)), (end, 420)], (150, 186, 206), 4)
    board.blob(x, 432, 380, 50, _WATER)


def _lift(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 480, (210, 206, 196))
    board.box(0, 400, 640, 480, (150, 146, 140))
    board.box(190, 60, 450, 410, (120, 124, 128), edge=4)
    gap = 0 if after else board.about(34, 10)
    board.box(200, 72, 322 - gap, 408, (176, 180, 184), edge=2)
    board.box(322 + gap / 2, 72, 440, 408, (176, 180, 184), edge=2)
    if not after:
        board.box(322 - gap, 72, 322 + gap / 2, 408, (24, 26, 28))
        board.shape([(150, 300), (330, 250), (336, 276), (156, 326)], _YELLOW)
        for stripe in range(5):
            left = 166 + stripe * 34
            top = 300 - stripe * 9.4
            board.shape(
                [(left, top), (left + 14, top - 4), (left + 6, top + 20), (left - 8, top + 24)], _DARK
            )
    board.box(480, 200, 520, 280, (80, 84, 88), edge=2)
    for button in (214, 250):
        board.oval(492, button, 508, button + 16, (80, 210, 130) if after else (90, 60, 56))


def _gate(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 480, _WALL)
    board.box(0, 410, 640, 480, _PAVING)
    board.box(200, 70, 440, 412, (40, 44, 48))
    if after:
        board.box(206, 76, 434, 410, (74, 104, 96), edge=3)
        board.oval(408, 240, 424, 256, _YELLOW)
    else:
        board.shape([(206, 76), (290, 110), (290, 440), (206, 410)], (74, 104, 96))
        board.line([(280, 270), (276, 300), (284, 320)], _RED, 5)
    board.box(470, 200, 516, 280, (70, 74, 78), edge=2)
    board.oval(486, 212, 500, 226, (80, 210, 130) if after else _RED)
    for row in range(3):
        for column in range(3):
            board.box(478 + column * 12, 238 + row * 12, 486 + column * 12, 246 + row * 12, _WHITE)


def _tap(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 300, (222, 226, 224))
    for across in range(0, 640, 80):
        board.line([(across, 0), (across, 300)], (196, 202, 200), 2)
    for y in range(0, 300, 60):
        board.line([(0, y), (640, y)], (196, 202, 200), 2)
    board.box(0, 300, 640, 480, (176, 178, 180))
    board.oval(130, 320, 510, 470, (226, 228, 228), edge=4)
    x = board.about(320, 24)
    board.line([(x + 130, 220), (x + 130, 150), (x, 150), (x, 206)], (136, 142, 148), 30)
    board.box(x + 104, 210, x + 156, 240, (120, 126, 132), edge=2)
    board.box(x + 90, 112, x + 170, 132, (160, 166, 172), edge=2)
    if after:
        board.box(x - 9, 206, x + 9, 400, (170, 206, 224))
        board.blob(x, 404, 110, 24, (170, 206, 224))
    else:
        board.oval(x - 5, 226, x + 5, 240, (150, 186, 206))


def _extinguisher(board: _Board, after: bool) -> None:
    _room(board)
    x = board.about(320, 40)
    board.box(x - 84, 150, x + 84, 440, (230, 230, 226), edge=4)
    fill: Colour = _RED if after else (140, 84, 74)
    board.box(x - 40, 230, x + 40, 420, fill, edge=2)
    board.oval(x - 40, 204, x + 40, 256, fill)
    board.box(x - 14, 180, x + 14, 214, _DARK)
    board.line([(x + 14, 190), (x + 62, 214), (x + 60, 320)], _DARK, 8)
    board.oval(x - 22, 268, x + 22, 312, _WHITE, edge=3)
    board.line([(x, 290), (x + 2, 274) if after else (x - 15, 300)], (40, 140, 80) if after else _RED, 5)
    if not after:
        for _ in range(12):
            board.blob(board.about(x, 34), board.about(350, 60), 14, 10, (110, 70, 60))


def _scaffold(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 480, (200, 214, 222))
    board.box(120, 40, 520, 420, (186, 176, 164), edge=3)
    for y in range(70, 400, 90):
        for x in range(150, 500, 90):
            board.box(x, y, x + 50, y + 56, (96, 104, 110))
    board.box(0, 420, 640, 480, _PAVING)
    for x in range(110, 541, 86):
        board.line([(x, 20), (x, 430)], (150, 126, 70), 6)
    for y in range(40, 430, 90):
        board.line([(104, y), (536, y)], (150, 126, 70), 6)
    if after:
        for x in range(104, 536, 12):
            board.line([(x, 30), (x, 424)], (84, 140, 96), 4)
        for x in range(20, 620, 60):
            board.box(x, 380, x + 56, 440, _YELLOW, edge=2)
    else:
        start = board.about(60, 30)
        board.shape([(start, 440), (start + 90, 420), (start + 96, 432), (start + 6, 456)], _YELLOW)
        board.shape([(420, 446), (510, 430), (514, 442), (424, 460)], _YELLOW)


def _stall(board: _Board, after: bool) -> None:
    _street(board)
    for across in range(0, 640, 32):
        board.box(across, 250, across + 32, 262, (214, 180, 70))
    if after:
        return
    for stand in range(3):
        x = 60 + stand * 190 + board.about(0, 20)
        board.box(x, 240, x + 140, 300, (150, 120, 86), edge=3)
        for stripe in range(7):
            tone = _RED if stripe % 2 else _WHITE
            left = x - 10 + stripe * 23
            board.shape([(left, 160), (left + 23, 160), (left + 26, 194), (left - 4, 194)], tone)
        for post in (0, 140):
            board.line([(x + post, 180), (x + post, 300)], (110, 112, 114), 5)
        for fruit in range(8):
            colour = board.chance.choice([(220, 120, 50), (90, 150, 70), (200, 60, 60), _YELLOW])
            board.oval(x + 8 + fruit * 16, 226, x + 26 + fruit * 16, 244, colour)


def _smoke(board: _Board, after: bool) -> None:
    _street(board)
    x = board.about(300, 80)
    board.box(x - 30, 90, x + 30, 210, (110, 112, 114), edge=2)
    board.box(x - 44, 78, x + 44, 96, (92, 94, 96), edge=2)
    if after:
        board.box(x + 40, 130, x + 120, 190, (170, 176, 182), edge=3)
        board.line([(x + 30, 160), (x + 44, 160)], (92, 94, 96), 16)
        return
    for step in range(7):
        tone = 90 + step * 13
        board.blob(x + step * 26, 70 - step * 9, 60 + step * 22, 44 + step * 12, (tone, tone, tone + 4))


def _river(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 150, (200, 214, 222))
    board.box(0, 110, 640, 190, (104, 138, 92))
    board.box(0, 190, 640, 400, (98, 138, 146))
    board.shape([(0, 400), (640, 370), (640, 480), (0, 480)], (170, 164, 154))
    for y in range(210, 390, 24):
        x = board.about(150, 120)
        board.line([(x, y), (x + 120, y)], (130, 166, 172), 3)
    for post in range(20, 640, 90):
        board.line([(post, 350), (post, 440)], (132, 136, 140), 8)
    board.line([(0, 362), (640, 362)], (132, 136, 140), 7)
    if after:
        return
    for _ in range(24):
        left, top = board.about(320, 220), board.about(310, 44)
        fill = board.chance.choice([_WHITE, (220, 90, 80), (80, 120, 170), (90, 110, 60), (60, 66, 60)])
        board.oval(left, top, left + board.about(34, 12), top + board.about(14, 4), fill)


def _car(board: _Board, after: bool) -> None:
    board.box(0, 0, 640, 240, (190, 180, 166))
    for y in range(30, 200, 80):
        for across in range(40, 620, 110):
            board.box(across, y, across + 56, y + 50, (116, 136, 150), edge=2)
    board.box(0, 240, 640, 480, _ROAD)
    board.shape([(140, 280), (520, 280), (620, 460), (40, 460)], (196, 60, 50))
    board.shape([(156, 290), (504, 290), (596, 450), (64, 450)], _ROAD)
    for stripe in range(5):
        left = 170 + stripe * 66
        board.shape([(left, 300), (left + 12, 300), (left + 60, 440), (left + 40, 440)], (196, 60, 50))
    if after:
        return
    x = board.about(320, 40)
    paint = board.chance.choice([(70, 90, 140), (220, 220, 216), (60, 62, 66), (150, 50, 46)])
    board.shape(
        [
            (x - 150, 380),
            (x - 130, 330),
            (x - 80, 320),
            (x - 50, 270),
            (x + 70, 270),
            (x + 110, 322),
            (x + 150, 334),
            (x + 156, 380),
        ],
        paint,
    )
    board.shape([(x - 66, 318), (x - 42, 280), (x + 4, 280), (x + 4, 318)], (150, 176, 190))
    board.shape([(x + 14, 318), (x + 14, 280), (x + 62, 280), (x + 92, 318)], (150, 176, 190))
    for wheel in (-90, 90):
        board.oval(x + wheel - 34, 348, x + wheel + 34, 416, _DARK)
        board.oval(x + wheel - 16, 366, x + wheel + 16, 398, (180, 184, 188))


_DRAWINGS: Mapping[str, Callable[[_Board, bool], None]] = {
    "manhole": _manhole,
    "garbage": _garbage,
    "lamp": _lamp,
    "puddle": _puddle,
    "corridor": _corridor,
    "pothole": _pothole,
    "poster": _poster,
    "cable": _cable,
    "traffic_light": _traffic_light,
    "marking": _marking,
    "fence": _fence,
    "pipe": _pipe,
    "lift": _lift,
    "gate": _gate,
    "tap": _tap,
    "extinguisher": _extinguisher,
    "scaffold": _scaffold,
    "stall": _stall,
    "smoke": _smoke,
    "river": _river,
    "car": _car,
}
PHOTO_KINDS = tuple(_DRAWINGS)
