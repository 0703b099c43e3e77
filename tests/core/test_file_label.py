"""Labels inside and beside image files: the main facts of each kind, and nothing that a hostile one can do."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from planetview.core.file_label import MAX_LABEL_BYTES, FileLabel, find_label, keywords
from planetview.core.image_label import image_label, label_text
from tests.core.test_image_label import record_of

PDS3 = """PDS_VERSION_ID = PDS3
/* a comment
   DATA_SET_ID = "NOT THIS" */
PRODUCT_ID                   = "ESP_011261_1960_RED"
TARGET_NAME                  = "MARS"
INSTRUMENT_HOST_NAME         = "MARS RECONNAISSANCE ORBITER"
INSTRUMENT_NAME              = "HIGH RESOLUTION IMAGING
                                SCIENCE EXPERIMENT"
OBJECT = TIME_PARAMETERS
  START_TIME = 2008-12-21T03:04:05.678
END_OBJECT = TIME_PARAMETERS
OBJECT = IMAGE_MAP_PROJECTION
  MAP_SCALE = 0.25 <METERS/PIXEL>
  CENTRE = (1.0,
            2.0)
END_OBJECT = IMAGE_MAP_PROJECTION
OBJECT = UNCOMPRESSED_FILE
  OBJECT = IMAGE
    LINES = 12000
    LINE_SAMPLES = 8000
    SAMPLE_BITS = 16
  END_OBJECT = IMAGE
END_OBJECT = UNCOMPRESSED_FILE
END
PRODUCT_ID = "AFTER THE END"
"""
PDS4 = """<?xml version="1.0" encoding="UTF-8"?>
<Product_Observational xmlns="http://pds.nasa.gov/pds4/pds/v1" xmlns:geom="http://pds.nasa.gov/pds4/geom/v1">
  <Identification_Area>
    <logical_identifier>urn:nasa:pds:mro_hirise:data:esp_1</logical_identifier>
    <title>Dunes in Proctor &amp; beyond</title>
  </Identification_Area>
  <Observation_Area>
    <Time_Coordinates><start_date_time>2020-01-02T03:04:05Z</start_date_time></Time_Coordinates>
    <Observing_System>
      <Observing_System_Component><name>MRO</name></Observing_System_Component>
      <Observing_System_Component><name>HiRISE</name></Observing_System_Component>
    </Observing_System>
    <Target_Identification><name>Mars</name></Target_Identification>
    <geom:pixel_resolution_x unit="m/pixel">0.5</geom:pixel_resolution_x>
  </Observation_Area>
  <File_Area_Observational><Array_2D_Image>
    <Axis_Array><axis_name>Line</axis_name><elements>300</elements></Axis_Array>
    <Axis_Array><axis_name>Sample</axis_name><elements>400</elements></Axis_Array>
  </Array_2D_Image></File_Area_Observational>
</Product_Observational>
"""
ISIS = """Object = IsisCube
  Object = Core
    StartByte = 65537
    Group = Dimensions
      Samples = 1204
      Lines   = 1056
      Bands   = 1
    End_Group
  End_Object
  Group = Instrument
    SpacecraftName = Mars_Odyssey
    InstrumentId   = THEMIS_VIS
    TargetName     = Mars
    StartTime      = 2005-06-07T08:09:10
  End_Group
End_Object
End
"""
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">' for n in range(2, 10)).replace("&lol1;", "&lol;")
    + "]><Product_X><a>&lol9;</a></Product_X>"
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><Product_X><a>&x;</a></Product_X>'


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return the place of an image without a label."""
    path = tmp_path / "ESP_011261_1960.png"
    Image.fromarray(np.full((8, 8), 90, np.uint8)).save(path)
    return path


def beside(image: Path, suffix: str, data: str | bytes) -> FileLabel | None:
    """Write a label beside the image, and find it."""
    image.with_suffix(suffix).write_bytes(data if isinstance(data, bytes) else data.encode())
    return find_label(image)


@pytest.mark.parametrize("suffix", [".lbl", ".LBL"])
def test_a_pds3_label_beside_the_image_tells_what_it_shows(image: Path, suffix: str) -> None:
    found = beside(image, suffix, PDS3.replace("\n", "\r\n"))

    assert found is not None
    assert (found.kind, found.where, found.problem) == ("PDS3", f"ESP_011261_1960{suffix}", "")
    assert dict(found.facts) == {
        "Product": "ESP_011261_1960_RED",
        "Target": "MARS",
        "Spacecraft": "MARS RECONNAISSANCE ORBITER",
        "Instrument": "HIGH RESOLUTION IMAGING SCIENCE EXPERIMENT",
        "Start time": "2008-12-21T03:04:05.678",
        "Resolution": "0.25 <METERS/PIXEL>",
        "Lines": "12000",
        "Samples": "8000",
        "Bits": "16",
    }
    assert found.text == PDS3


def test_statements_carry_their_objects(image: Path) -> None:
    found = dict(keywords(PDS3))

    assert found["UNCOMPRESSED_FILE.IMAGE.LINES"] == "12000"
    assert found["IMAGE_MAP_PROJECTION.CENTRE"] == "(1.0, 2.0)"
    assert "DATA_SET_ID" not in found


def test_a_pds4_label_beside_the_image_tells_what_it_shows(image: Path) -> None:
    found = beside(image, ".xml", PDS4)

    assert found is not None
    assert found.kind == "PDS4"
    assert dict(found.facts) == {
        "Product": "urn:nasa:pds:mro_hirise:data:esp_1",
        "Title": "Dunes in Proctor & beyond",
        "Target": "Mars",
        "Observed by": "MRO, HiRISE",
        "Start time": "2020-01-02T03:04:05Z",
        "Resolution": "0.5 m/pixel",
        "Lines": "300",
        "Samples": "400",
    }


def test_the_label_of_a_cube_beside_the_image_ends_before_its_pixels(image: Path) -> None:
    found = beside(image, ".cub", ISIS.encode() + b"\x00" * 2000 + bytes(range(256)) * 9000)

    assert found is not None
    assert found.kind == "ISIS"
    assert dict(found.facts) == {
        "Target": "Mars",
        "Spacecraft": "Mars_Odyssey",
        "Instrument": "THEMIS_VIS",
        "Start time": "2005-06-07T08:09:10",
        "Lines": "1056",
        "Samples": "1204",
        "Bands": "1",
    }
    assert found.text.splitlines()[-1] == "End"


def test_a_label_inside_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scene.img"
    path.write_bytes(PDS3.encode() + b"\x00\xff" * 5000)

    found = find_label(path)

    assert found is not None and dict(found.facts)["Target"] == "MARS"
    assert "AFTER THE END" not in found.text


def test_in_a_zip_the_label_lies_beside_the_member(tmp_path: Path, image: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.write(image, "a/scene.png")
        archive.writestr("a/scene.LBL", PDS3)
        archive.writestr("b/scene.png", b"")

    found = find_label(tmp_path / "set.zip", "a/scene.png")

    assert found is not None and found.where == "a/scene.LBL"
    assert find_label(tmp_path / "set.zip", "b/scene.png") is None


def test_the_facts_of_the_image_end_with_its_label(image: Path) -> None:
    beside(image, ".lbl", PDS3)

    text = label_text(image_label(record_of(image, 8, "uint8")))

    assert "Label       PDS3 in ESP_011261_1960.lbl" in text
    assert "Instrument  HIGH RESOLUTION IMAGING SCIENCE EXPERIMENT" in text
    assert "\nLabel text\nPDS_VERSION_ID = PDS3\n" in text


def test_without_a_label_nothing_is_said_of_one(image: Path) -> None:
    assert find_label(image) is None
    assert beside(image, ".xml", "<PAMDataset><Metadata>x</Metadata></PAMDataset>") is None
    assert beside(image, ".lbl", "no statement in here") is None
    assert "Label" not in dict(image_label(record_of(image, 8, "uint8")))


@pytest.mark.parametrize("data", [LAUGHS, OUTSIDE])
def test_a_document_type_is_refused_before_any_entity_counts(image: Path, data: str) -> None:
    found = beside(image, ".xml", data)

    assert found is not None
    assert "document type" in found.problem
    assert (found.facts, found.text) == ((), "")


def test_a_label_of_a_gigabyte_is_not_read(image: Path) -> None:
    with image.with_suffix(".lbl").open("wb") as stream:
        stream.write(PDS3.encode())
        stream.truncate(1024**3)

    found = find_label(image)

    assert found is not None
    assert "larger than 1,048,576 bytes" in found.problem
    assert found.text == ""


@pytest.mark.parametrize("suffix", [".lbl", ".xml", ".cub"])
def test_binary_junk_is_no_label_and_no_error(image: Path, suffix: str) -> None:
    found = beside(image, suffix, np.random.default_rng(3).bytes(200_000))

    assert found is None or (found.facts == () and found.text == "")


@pytest.mark.parametrize(
    ("suffix", "data"),
    [
        (".lbl", "/*" * (MAX_LABEL_BYTES // 2)),
        (".lbl", "\n" * MAX_LABEL_BYTES),
        (".cub", "Object = IsisCube" + "\n" * (MAX_LABEL_BYTES - 100)),
        (".lbl", "A = (" * (MAX_LABEL_BYTES // 5)),
        (".lbl", "A = (\n" * (MAX_LABEL_BYTES // 6)),
        (".lbl", "OBJECT = X\n" * (MAX_LABEL_BYTES // 11)),
        (".xml", "<a>" * (MAX_LABEL_BYTES // 3)),
        (".xml", f"<Product_{'x' * 500_000}>" + "".join(f"<a{n}>1</a{n}>" for n in range(19_000))),
        (".xml", "<Product_X>" + "<a>1</a>" * 100_000),
        (".xml", "<Product_X>" + "y" * 1_000_000),
    ],
)
def test_no_label_takes_long(image: Path, suffix: str, data: str) -> None:
    began = time.thread_time()

    beside(image, suffix, data[:MAX_LABEL_BYTES])

    assert time.thread_time() - began < 5
