"""Draw the architecture: ``python -m tests.architecture`` writes docs/images/architecture.svg."""

from tests.architecture import drawing, plan

TARGET = plan.ROOT / "docs" / "images" / "architecture.svg"

if __name__ == "__main__":
    TARGET.write_text(drawing.svg())
