"""The headings of what is made, in each language; all else stands in the catalogues."""

ENGLISH = {
    "name": "NAME",
    "synopsis": "SYNOPSIS",
    "description": "DESCRIPTION",
    "files": "FILES",
    "about": (
        "The commands of a gate. Each also takes --config FILE (or EDGE_AGENT_CONFIG) and"
        " --help. They speak the language of --lang, of [gate] language in the settings, "
        "or of LANG; --json is for programs, and English."
    ),
    "messages": "What the program says",
    "messages-about": (
        "Made from the catalogue of messages; … stands for a name, a number or a path. "
        "FAIL: something does not work. WARN: it works, but not for long or not well. "
        "More on what is behind it: [When something is wrong](mend.md)."
    ),
    "by-doctor": "The doctor",
    "says": "what it says",
    "means": "how bad",
    "do": "what to do",
    "of-problem": "In the status",
    "of-control": "The daemon and its socket",
    "of-people": "Workers, fingers and punches",
    "of-credential": "Cards, PINs and QR codes",
    "of-sensor": "The sensor",
    "of-broker": "The broker",
    "of-tls": "TLS",
    "of-store": "The database",
    "of-rights": "Rights",
}

VIETNAMESE = {
    "name": "TÊN",
    "synopsis": "CÁCH DÙNG",
    "description": "MÔ TẢ",
    "files": "TỆP",
    "about": (
        "Các lệnh của một cổng. Lệnh nào cũng nhận --config TỆP (hoặc EDGE_AGENT_CONFIG) "
        "và --help. Lệnh nói ngôn ngữ của --lang, của [gate] language trong cài đặt, hoặc"
        " của LANG; --json dành cho chương trình, bằng tiếng Anh."
    ),
    "messages": "Chương trình nói gì",
    "messages-about": (
        "Bảng này làm từ danh mục các câu; … là một tên, một số hay một đường dẫn. HỎNG: "
        "có gì không chạy. LƯU Ý: còn chạy, nhưng không lâu hoặc không tốt. Nguyên nhân "
        "đằng sau: [Khi có trục trặc](mend.md)."
    ),
    "by-doctor": "Lệnh doctor",
    "says": "nói gì",
    "means": "mức",
    "do": "làm gì",
    "of-problem": "Trong status",
    "of-control": "Chương trình cổng và socket",
    "of-people": "Công nhân, ngón tay, lần chấm công",
    "of-credential": "Thẻ, PIN và mã QR",
    "of-sensor": "Máy quét",
    "of-broker": "Broker",
    "of-tls": "TLS",
    "of-store": "Cơ sở dữ liệu",
    "of-rights": "Quyền",
}

WORDS = {"en": ENGLISH, "vi": VIETNAMESE}
