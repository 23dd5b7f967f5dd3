from product import kit

from mentorkit.hooks import Actor
from mentorkit.journey import standing

admin = Actor(user_ref="ada", admin=True)
standing.link(kit, tenant="default", actor=admin, person="E00052", user_ref="amina")
print("Amina is E00052 from now on.")
