"""Real files of every kind, made on the spot: each function returns the bytes of one."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
from docx import Document
from openpyxl import Workbook
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def picture(form: str = "PNG", *, size: tuple[int, int] = (64, 48), mode: str = "RGB") -> bytes:
    """A picture whose left half is dark and right half light."""
    drawn = Image.new("L", size, 0)
    ImageDraw.Draw(drawn).rectangle((size[0] // 2, 0, *size), fill=255)
    if mode == "I;16":
        return _saved(drawn.convert("I").point(lambda value: value * 257).convert("I;16"), form)
    return _saved(drawn.convert("RGB").convert(mode) if mode != "L" else drawn, form)


def transparent(form: str = "PNG", *, size: tuple[int, int] = (20, 20)) -> bytes:
    """A picture of red noise that can be seen through."""
    seen = Image.effect_noise(size, 80)
    return _saved(Image.merge("RGBA", (seen, seen.point(lambda _: 0), seen.point(lambda _: 0), seen)), form)


def noise(form: str = "PNG", *, size: tuple[int, int]) -> bytes:
    """A picture that compresses badly, as photos do."""
    return _saved(Image.effect_noise(size, 80).convert("RGB"), form)


def photo(*, size: tuple[int, int] = (60, 40), orientation: int = 6) -> bytes:
    """A phone's JPEG: lying on its side, with the place where it was taken."""
    drawn = Image.new("RGB", size, "white")
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "A maker of phones"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 0.0), 3: "E", 4: (16.0, 22.0, 12.0)})
    out = BytesIO()
    drawn.save(out, "JPEG", exif=exif, comment=b"a private remark")
    return out.getvalue()


def oddly_tagged_photo() -> bytes:
    """A JPEG whose metadata promises more than it holds."""
    out = BytesIO()
    tags = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\1\x12\0\3" * 20
    Image.new("RGB", (30, 20)).save(out, "JPEG", exif=tags)
    return out.getvalue()


def double_photo() -> bytes:
    """A phone's JPEG with a second picture behind the first."""
    first, second = Image.new("RGB", (30, 20)), Image.new("RGB", (30, 20), "red")
    out = BytesIO()
    first.save(out, "MPO", save_all=True, append_images=[second])
    return out.getvalue()


def animation(form: str = "GIF") -> bytes:
    """Three pictures, the first one black."""
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("black", "red", "white")]
    out = BytesIO()
    frames[0].save(out, form, save_all=True, append_images=frames[1:], duration=50)
    return out.getvalue()


def pdf(*pages: str, password: str | None = None, owner_password: str | None = None) -> bytes:
    """A PDF with a text layer, a line of a page's text on each line; protected if there is a password."""
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
            NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
        }
    )
    fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
    for text in pages:
        page = writer.add_blank_page(width=595, height=842)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        lines = b"".join(b"(" + line.encode("cp1252") + b") Tj T*\n" for line in text.split("\n") if line)
        drawing = DecodedStreamObject()
        drawing.set_data(b"BT /F1 11 Tf 14 TL 50 800 Td\n" + lines + b"ET")
        page[NameObject("/Contents")] = writer._add_object(drawing.flate_encode())
    if password is not None:
        writer.encrypt(password, owner_password, algorithm="AES-256")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def scanned_pdf(pages: int = 2) -> bytes:
    """A PDF of pictures, with no word in it."""
    sheets = [Image.new("L", (100, 140), 200) for _ in range(pages)]
    out = BytesIO()
    sheets[0].save(out, "PDF", save_all=True, append_images=sheets[1:])
    return out.getvalue()


def joined_pdf(*parts: bytes) -> bytes:
    """Several PDFs as one."""
    writer = PdfWriter()
    for part in parts:
        writer.append(PdfReader(BytesIO(part)))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def docx(*paragraphs: str) -> bytes:
    """A Word document of plain paragraphs."""
    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    return _document(document)


def rich_docx() -> bytes:
    """A Word document with headings, lists, and a table between two paragraphs."""
    document = Document()
    document.add_heading("Annual report", level=1)
    document.add_paragraph("Before the table.")
    table = document.add_table(rows=0, cols=2)
    for cells in (("Region", "Sales"), ("North | West", "12")):
        for cell, text in zip(table.add_row().cells, cells, strict=True):
            cell.text = text
    document.add_paragraph("After the table.")
    document.add_heading("Next steps", level=2)
    document.add_paragraph("Call them", style="List Bullet")
    document.add_paragraph("Write to them", style="List Number")
    return _document(document)


def xlsx(sheets: Mapping[str, Sequence[Sequence[object]]] | None = None) -> bytes:
    """A workbook; by default, of two sheets."""
    book = Workbook()
    book.remove(book.active)
    if sheets is None:
        sheets = {
            "Sales": [
                ("Region", "Amount", "Day"),
                ("North", 12, date(2026, 1, 31)),
                ("South", 3.5, date(2026, 2, 28)),
            ],
            "Costs": [("What", "Paid"), ("Rent", True)],
        }
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def unsized_xlsx(rows: int) -> bytes:
    """A workbook that doesn't state its size, as programs write it that write row by row."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Log")
    for number in range(rows):
        sheet.append([number])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def locked_archive(content: bytes) -> bytes:
    """An archive whose members say that they are encrypted."""
    return content.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")


def excel_xlsx(texts: Sequence[str], *, before: bytes = b"") -> bytes:
    """A workbook of one column, named by the first text, its texts in a table of their own as Excel keeps them."""
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    shared = b"".join(b"<si><t>%b</t></si>" % text.encode() for text in texts)
    rows = b"".join(
        b'<row r="%d"><c r="A%d" t="s"><v>%d</v></c></row>' % (place, place, place - 1)
        for place in range(1, len(texts) + 1)
    )
    content = xlsx({"Sheet1": [("x",)]})
    types = member(content, "[Content_Types].xml")
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    named = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/></Types>'
    for part, replacement in {
        "xl/worksheets/sheet1.xml": b'<worksheet xmlns="%b"><sheetData>%b</sheetData></worksheet>' % (main, rows),
        "xl/sharedStrings.xml": before + b'<sst xmlns="%b">%b</sst>' % (main, shared),
        "[Content_Types].xml": types.replace(b"</Types>", named),
    }.items():
        content = with_member(content, part, replacement)
    return content


def parquet(columns: Mapping[str, Sequence[object]] | None = None) -> bytes:
    """A Parquet table; by default, of three columns and three rows."""
    table = pa.table(
        columns or {"id": [1, 2, 3], "name": ["Ana", None, "Cy"], "born": [date(1990, 1, 1), None, date(2000, 2, 2)]}
    )
    out = BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    """An archive, compressed."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def member(content: bytes, name: str) -> bytes:
    """One member of an archive."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return archive.read(name)


def with_member(content: bytes, name: str, replacement: bytes) -> bytes:
    """An archive with one member put in or replaced."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = {part: archive.read(part) for part in archive.namelist()}
    return zipped(members | {name: replacement})


def every_kind() -> dict[str, bytes]:
    """A small real file of every kind that is accepted, by a name that fits."""
    return {
        "drawing.png": picture("PNG"),
        "photo.jpg": photo(),
        "picture.webp": picture("WEBP"),
        "moving.gif": animation(),
        "report.pdf": pdf("First page.", "Second page."),
        "letter.docx": rich_docx(),
        "book.xlsx": xlsx(),
        "rows.parquet": parquet(),
        "rows.csv": b"name,age\nAna,31\nBo,7\n",
        "rows.tsv": b"name\tage\nAna\t31\n",
        "settings.json": b'{"colours": ["red", "green"], "size": 3}',
        "notes.md": b"# Notes\n\n- one\n- two\n",
        "program.py": b"def double(x):\n    return 2 * x\n",
        "plain.txt": "Línea una\nLínea dos\n".encode(),
    }


def _saved(picture: Image.Image, form: str) -> bytes:
    out = BytesIO()
    picture.save(out, form)
    return out.getvalue()


def _document(document: object) -> bytes:
    out = BytesIO()
    document.save(out)  # type: ignore[attr-defined]  # docx.Document is a function, its class is elsewhere
    return out.getvalue()
