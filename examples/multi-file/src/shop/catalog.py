"""What the shop sells."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """A product and its price in cents."""

    slug: str
    name: str
    cents: int

    @property
    def price(self) -> str:
        """The price as people write it."""
        return f"€ {self.cents // 100}.{self.cents % 100:02}"

    def as_dict(self) -> dict[str, str | int]:
        """The product as JSON has it."""
        return asdict(self) | {"price": self.price}


PRODUCTS = (
    Product("tea", "Green tea", 450),
    Product("pot", "Teapot", 2_995),
    Product("cup", "Cup & saucer", 1_200),
)


def find(slug: str) -> Product | None:
    """The product of that slug."""
    return next((product for product in PRODUCTS if product.slug == slug), None)
