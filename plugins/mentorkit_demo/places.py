"""Where the made-up people live: countries with their languages, hours, names and villages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One country: ISO 3166-1 code, zone, and what people are called.

    `languages` begins with what nearly everybody speaks; the rest are spoken by some.
    """

    country: str
    zone: str
    languages: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    villages: tuple[str, ...]


def _place(
    country: str, zone: str, languages: str, given: str, family: str, villages: str
) -> Place:
    return Place(
        country=country,
        zone=zone,
        languages=tuple(languages.split()),
        given=tuple(given.split()),
        family=tuple(family.split()),
        villages=tuple(villages.split(",")),
    )


PLACES: tuple[Place, ...] = (
    _place(
        "KE", "Africa/Nairobi", "sw en",
        "Wanjiru Achieng Njeri Kamau Otieno Mwende Kipchoge Akinyi Mutua Halima",
        "Mwangi Ochieng Kariuki Wafula Chebet Odhiambo Njoroge Hassan Muthoni Kiptoo",
        "Kilibwoni,Subukia,Kathiani,Mbita",
    ),
    _place(
        "NG", "Africa/Lagos", "en yo ig ha",
        "Chioma Adebayo Ngozi Emeka Folake Ibrahim Amina Tunde Ifeoma Yusuf",
        "Okafor Adeyemi Balogun Eze Bello Nwosu Abubakar Ogunleye Obi Musa",
        "Igbajo,Abonnema,Okpella,Argungu",
    ),
    _place(
        "GH", "Africa/Accra", "en",
        "Akosua Kwame Efua Kofi Abena Yaw Adwoa Kojo Esi Fiifi",
        "Mensah Owusu Asante Boateng Osei Appiah Amoah Addo Quaye Tetteh",
        "Besease,Adanwomase,Nyankpala",
    ),
    _place(
        "SN", "Africa/Dakar", "fr wo",
        "Aminata Mamadou Fatou Ousmane Awa Cheikh Mariama Ibrahima Ndeye Moussa",
        "Diop Ndiaye Fall Sow Ba Gueye Diallo Faye Sarr Cissé",
        "Toubacouta,Mboro,Podor",
    ),
    _place(
        "EG", "Africa/Cairo", "ar en",
        "Mona Ahmed Nour Youssef Salma Karim Dina Mostafa Heba Tarek",
        "Hassan Mahmoud Farouk Saleh Mansour Naguib Shafik Fahmy Zaki Gaber",
        "Garagos,Nazla,Abusir",
    ),
    _place(
        "ZA", "Africa/Johannesburg", "en zu",
        "Thandiwe Sipho Lerato Johan Nomsa Themba Zanele Pieter Ayanda Naledi",
        "Nkosi Dlamini Botha Mokoena Naidoo Khumalo Molefe Smith Zulu Pillay",
        "Hogsback,Nkandla,Haenertsburg",
    ),
    _place(
        "IN", "Asia/Kolkata", "hi en mr ta te",
        "Priya Arjun Lakshmi Rahul Anjali Vikram Meena Suresh Kavita Imran",
        "Sharma Patel Iyer Khan Reddy Deshmukh Gupta Nair Singh Das",
        "Piplantri,Kuthambakkam,Punsari,Pochampally",
    ),
    _place(
        "BD", "Asia/Dhaka", "bn en",
        "Nusrat Rafiq Shirin Kamal Farzana Jamal Sumaiya Tanvir Rokeya Habib",
        "Rahman Begum Hossain Akter Chowdhury Islam Karim Sultana Ahmed Mia",
        "Shahpur,Dhamrai,Jaflong",
    ),
    _place(
        "ID", "Asia/Jakarta", "id en jv",
        "Siti Budi Dewi Agus Ratna Wayan Putri Joko Ayu Rizky",
        "Santoso Wijaya Lestari Pratama Hidayat Kusuma Siregar Nugroho Putra Halim",
        "Penglipuran,Trunyan,Wae Rebo",
    ),
    _place(
        "PH", "Asia/Manila", "tl en",
        "Maria Jose Liza Ramon Grace Danilo Jasmine Paolo Rowena Efren",
        "Santos Reyes Cruz Bautista Garcia Mendoza Torres Villanueva Ramos Aquino",
        "Batad,Taal,Sagada",
    ),
    _place(
        "MX", "America/Mexico_City", "es",
        "Guadalupe Luis Ximena Carlos Rosa Alejandro Itzel Miguel Elena Diego",
        "Hernández López Martínez Ramírez Flores Vázquez Ortiz Castillo Juárez Peña",
        "Teotitlán,Cuetzalan,Atlixco",
    ),
    _place(
        "CO", "America/Bogota", "es en",
        "Camila Andrés Luz Jorge Paola Felipe Yolanda Sebastián Marcela Hernán",
        "Rodríguez Gómez Moreno Rojas Muñoz Quintero Cárdenas Restrepo Mejía Ospina",
        "Barichara,Salento,Jardín",
    ),
    _place(
        "BR", "America/Sao_Paulo", "pt es",
        "Ana João Juliana Pedro Luciana Rafael Beatriz Thiago Márcia Caio",
        "Silva Souza Oliveira Lima Pereira Alves Ribeiro Barbosa Rocha Teixeira",
        "Tiradentes,Caraíva,Lençóis",
    ),
    _place(
        "GB", "Europe/London", "en",
        "Alice Oliver Zainab Hamish Gwen Daniel Shanice Rhys Harpreet Niamh",
        "Taylor Evans Campbell Hussain Jones Patel Clarke Murphy Singh Okoro",
        "Hawes,Portmeirion,Plockton,Cushendun",
    ),
    _place(
        "RS", "Europe/Belgrade", "sr en de",
        "Jelena Marko Ivana Nikola Milica Stefan Dragana Petar Sanja Luka",
        "Jovanović Petrović Nikolić Ilić Pavlović Kovač Savić Đorđević Lukić Marić",
        "Sirogojno,Zlakusa,Guča",
    ),
)  # fmt: skip
