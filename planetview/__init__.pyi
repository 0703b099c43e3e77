from planetview.api import compare as compare
from planetview.api import save as save

__version__: str
__all__ = ["__version__", "compare", "save"]
