"""The words that the made-up runs are written with: eleven languages in ten scripts.

Our own lists. `pairs` are two words for one thing, which is what a paraphrase exchanges; `others`
have no second word. The sentences made of them say nothing; what counts is that every script has
texts of its own, with and without spaces between the words.
"""

from dataclasses import dataclass

__all__ = ["LANGUAGES", "Language"]


@dataclass(frozen=True, slots=True)
class Language:
    """One language's words and how a sentence is put together."""

    name: str
    script: str
    pairs: tuple[tuple[str, str], ...]
    others: tuple[str, ...]
    space: str
    """What stands between two words."""
    stop: str
    """What ends a sentence."""

    @property
    def words(self) -> tuple[str, ...]:
        """All words, in the order of the lists."""
        return tuple(word for pair in self.pairs for word in pair) + self.others


def _language(
    name: str, script: str, pairs: str, others: str, *, space: str = " ", stop: str = ". "
) -> Language:
    cut = (pair.split("/") for pair in pairs.split())
    return Language(
        name, script, tuple((one, other) for one, other in cut), tuple(others.split()), space, stop
    )


LANGUAGES = (
    _language(
        "English",
        "Latin",
        "parcel/package broken/damaged arrived/came order/purchase money/refund shop/store "
        "quick/fast answer/reply letter/mail wrong/mistaken begin/start help/assist car/vehicle "
        "child/kid house/home road/street happy/glad big/large buy/acquire speak/talk "
        "doctor/physician job/work picture/image garbage/trash shut/close",
        "lamp kettle curtain mirror shelf carpet yellow silver narrow window kitchen garden bicycle "
        "invoice receipt battery charger umbrella blanket hammer Tuesday October winter morning "
        "neighbour platform passport luggage keyboard printer cable concert ticket library "
        "mountain river harbour bridge the our again without because tomorrow never between",
    ),
    _language(
        "German",
        "Latin",
        "Paket/Sendung kaputt/defekt bekommen/erhalten Bestellung/Auftrag Geld/Betrag "
        "Laden/Geschäft schnell/rasch Antwort/Rückmeldung Brief/Schreiben falsch/verkehrt "
        "anfangen/beginnen helfen/unterstützen Auto/Wagen Kind/Kleines Haus/Gebäude "
        "Straße/Gasse froh/glücklich groß/riesig kaufen/erwerben reden/sprechen Arzt/Doktor "
        "Arbeit/Tätigkeit Bild/Foto Müll/Abfall schließen/zumachen",
        "Lampe Wasserkocher Vorhang Spiegel Regal Teppich gelb silbern schmal Fenster Küche Garten "
        "Fahrrad Rechnung Quittung Batterie Ladegerät Schirm Decke Hammer Dienstag Oktober Winter "
        "Morgen Nachbar Bahnsteig Reisepass Gepäck Tastatur Drucker Kabel Konzert Fahrkarte "
        "Bücherei Gebirge Fluss Hafen Brücke der unsere wieder ohne weil übermorgen niemals",
    ),
    _language(
        "Russian",
        "Cyrillic",
        "посылка/бандероль сломан/разбит пришла/прибыла заказ/покупка деньги/средства "
        "магазин/лавка быстро/скоро ответ/отклик письмо/послание неверный/ошибочный "
        "начать/приступить помочь/поддержать машина/автомобиль ребёнок/малыш дом/жилище "
        "дорога/улица рад/счастлив большой/крупный купить/приобрести говорить/беседовать "
        "врач/доктор работа/труд снимок/картина мусор/отходы закрыть/запереть",
        "лампа чайник занавеска зеркало полка ковёр жёлтый серебряный узкий окно кухня сад велосипед "
        "счёт квитанция батарея зарядка зонт одеяло молоток вторник октябрь зима утро сосед "
        "платформа паспорт багаж клавиатура принтер кабель концерт билет библиотека гора река "
        "гавань мост наша снова без потому завтра никогда между",
    ),
    _language(
        "Greek",
        "Greek",
        "δέμα/πακέτο σπασμένο/χαλασμένο έφτασε/ήρθε παραγγελία/αγορά χρήματα/λεφτά "
        "κατάστημα/μαγαζί γρήγορα/σύντομα απάντηση/απόκριση γράμμα/επιστολή λάθος/σφάλμα "
        "αρχίζω/ξεκινώ βοηθώ/συνδράμω αυτοκίνητο/αμάξι παιδί/τέκνο σπίτι/οικία δρόμος/οδός "
        "χαρούμενος/ευτυχής μεγάλο/τεράστιο αγοράζω/αποκτώ μιλώ/συζητώ γιατρός/ιατρός "
        "δουλειά/εργασία εικόνα/φωτογραφία σκουπίδια/απορρίμματα κλείνω/σφραγίζω",
        "λάμπα βραστήρας κουρτίνα καθρέφτης ράφι χαλί κίτρινο ασημένιο στενό παράθυρο κουζίνα κήπος "
        "ποδήλατο τιμολόγιο απόδειξη μπαταρία φορτιστής ομπρέλα κουβέρτα σφυρί Τρίτη Οκτώβριος "
        "χειμώνας πρωί γείτονας αποβάθρα διαβατήριο αποσκευή πληκτρολόγιο εκτυπωτής καλώδιο "
        "συναυλία εισιτήριο βιβλιοθήκη βουνό ποτάμι λιμάνι γέφυρα πάλι χωρίς επειδή αύριο ποτέ",
    ),
    _language(
        "Arabic",
        "Arabic",
        "طرد/حزمة مكسور/معطوب وصلت/جاءت طلبية/مشتريات نقود/مال متجر/دكان سريع/عاجل جواب/رد "
        "رسالة/خطاب خاطئ/مغلوط ابدأ/انطلق ساعد/أعن سيارة/مركبة طفل/صغير بيت/منزل طريق/شارع "
        "مسرور/سعيد كبير/ضخم اشترى/اقتنى تكلم/تحدث طبيب/دكتور عمل/شغل صورة/لوحة قمامة/نفايات "
        "أغلق/أقفل",
        "مصباح غلاية ستارة مرآة رف سجادة أصفر فضي ضيق نافذة مطبخ حديقة دراجة فاتورة إيصال بطارية شاحن "
        "مظلة بطانية مطرقة الثلاثاء أكتوبر شتاء صباح جار رصيف جواز أمتعة مفاتيح طابعة سلك حفلة "
        "تذكرة مكتبة جبل نهر ميناء جسر مرة بدون لأن غدا أبدا بين",
    ),
    _language(
        "Hebrew",
        "Hebrew",
        "חבילה/משלוח שבור/פגום הגיעה/באה הזמנה/רכישה כסף/ממון חנות/מכולת מהר/בזריזות "
        "תשובה/מענה מכתב/איגרת שגוי/מוטעה להתחיל/לפתוח לעזור/לסייע מכונית/רכב ילד/פעוט "
        "בית/מעון כביש/רחוב שמח/מאושר גדול/ענק לקנות/לרכוש לדבר/לשוחח רופא/דוקטור "
        "עבודה/מלאכה תמונה/צילום אשפה/זבל לסגור/לנעול",
        "מנורה קומקום וילון מראה מדף שטיח צהוב כסוף צר חלון מטבח גינה אופניים חשבונית קבלה סוללה מטען "
        "מטרייה שמיכה פטיש שלישי אוקטובר חורף בוקר שכן רציף דרכון מזוודה מקלדת מדפסת כבל קונצרט "
        "כרטיס ספרייה הר נהר נמל גשר שלנו שוב בלי כי מחר אף פעם בין",
    ),
    _language(
        "Hindi",
        "Devanagari",
        "पार्सल/पैकेट टूटा/खराब पहुँचा/आया आदेश/खरीद पैसा/रकम दुकान/भंडार जल्दी/तुरंत "
        "उत्तर/जवाब चिट्ठी/पत्र गलत/अशुद्ध आरंभ/शुरू मदद/सहायता गाड़ी/वाहन बच्चा/शिशु घर/मकान "
        "सड़क/मार्ग खुश/प्रसन्न बड़ा/विशाल खरीदना/लेना बोलना/कहना वैद्य/चिकित्सक काम/नौकरी "
        "तस्वीर/चित्र कूड़ा/कचरा बंद/समाप्त",
        "दीपक केतली परदा दर्पण अलमारी कालीन पीला चाँदी संकरा खिड़की रसोई बगीचा साइकिल बिल रसीद बैटरी "
        "चार्जर छाता कंबल हथौड़ा मंगलवार अक्टूबर सर्दी सुबह पड़ोसी मंच पासपोर्ट सामान कुंजीपटल "
        "प्रिंटर तार संगीत टिकट पुस्तकालय पहाड़ नदी बंदरगाह पुल हमारा फिर बिना क्योंकि कल कभी बीच",
        stop="। ",
    ),
    _language(
        "Thai",
        "Thai",
        "พัสดุ/หีบห่อ แตก/พัง มาถึง/มาแล้ว คำสั่งซื้อ/รายการ เงิน/ยอดเงิน ร้าน/ห้าง เร็ว/ไว "
        "คำตอบ/ตอบกลับ จดหมาย/สาร ผิด/พลาด เริ่ม/ตั้งต้น ช่วย/สนับสนุน รถ/ยานพาหนะ เด็ก/ลูก "
        "บ้าน/เรือน ถนน/ทาง ดีใจ/สุขใจ ใหญ่/โต ซื้อ/จัดหา พูด/คุย หมอ/แพทย์ งาน/อาชีพ "
        "รูป/ภาพ ขยะ/ของเสีย ปิด/งับ",
        "โคมไฟ กาน้ำ ม่าน กระจก ชั้น พรม เหลือง เงินยวง แคบ หน้าต่าง ครัว สวน จักรยาน ใบแจ้งหนี้ ใบเสร็จ "
        "ถ่าน ที่ชาร์จ ร่ม ผ้าห่ม ค้อน อังคาร ตุลาคม หนาว เช้า เพื่อนบ้าน ชานชาลา หนังสือเดินทาง "
        "กระเป๋า แป้นพิมพ์ เครื่องพิมพ์ สาย คอนเสิร์ต ตั๋ว ห้องสมุด ภูเขา แม่น้ำ ท่าเรือ สะพาน อีก "
        "โดยไม่ เพราะ พรุ่งนี้ ไม่เคย ระหว่าง",
        space="",
        stop=" ",
    ),
    _language(
        "Japanese",
        "Japanese",
        "小包/荷物 壊れた/破損した 届いた/到着した 注文/購入 お金/返金 お店/店舗 速く/急いで "
        "返事/回答 手紙/郵便 間違い/誤り 始める/開始する 手伝う/助ける 車/自動車 子供/児童 "
        "家/住宅 道/通り うれしい/幸せな 大きい/巨大な 買う/入手する 話す/語る 医者/医師 "
        "仕事/業務 写真/画像 ごみ/廃棄物 閉める/閉じる",
        "ランプ やかん カーテン 鏡 棚 じゅうたん 黄色い 銀色 狭い 窓 台所 庭 自転車 請求書 領収書 電池 "
        "充電器 傘 毛布 金づち 火曜日 十月 冬 朝 隣人 ホーム 旅券 かばん キーボード プリンター 配線 "
        "音楽会 切符 図書館 山 川 港 橋 私たちの もう一度 なしで だから 明日 決して",
        space="",
        stop="。",
    ),
    _language(
        "Chinese",
        "Han",
        "包裹/快件 坏了/破损 到了/送达 订单/购买 钱款/退款 商店/店铺 很快/迅速 答复/回信 信件/邮件 "
        "错误/不对 开始/着手 帮忙/协助 汽车/车辆 孩子/儿童 房子/住宅 道路/街道 高兴/快乐 巨大/庞大 "
        "买下/购入 说话/交谈 医生/大夫 工作/职业 照片/图像 垃圾/废物 关闭/合上",
        "台灯 水壶 窗帘 镜子 架子 地毯 黄色 银色 狭窄 窗户 厨房 花园 自行车 发票 收据 电池 充电器 雨伞 "
        "毯子 锤子 星期二 十月 冬天 早晨 邻居 站台 护照 行李 键盘 打印机 电缆 音乐会 车票 图书馆 高山 "
        "河流 港口 大桥 我们 再次 没有 因为 明天 从不",
        space="",
        stop="。",
    ),
    _language(
        "Korean",
        "Hangul",
        "소포/택배 부서진/망가진 도착했다/왔다 주문/구매 돈/환불금 가게/상점 빨리/급히 대답/회신 "
        "편지/우편 틀린/잘못된 시작하다/개시하다 돕다/거들다 자동차/차량 아이/어린이 집/주택 "
        "길/거리 기쁜/행복한 큰/거대한 사다/구입하다 말하다/이야기하다 의사/선생 일/업무 "
        "사진/그림 쓰레기/폐기물 닫다/잠그다",
        "전등 주전자 커튼 거울 선반 양탄자 노란 은색 좁은 창문 부엌 정원 자전거 청구서 영수증 건전지 충전기 "
        "우산 담요 망치 화요일 시월 겨울 아침 이웃 승강장 여권 가방 자판 인쇄기 전선 음악회 표 도서관 "
        "산 강 항구 다리 우리의 다시 없이 때문에 내일 결코",
    ),
)
