"""What columns and states are called in the shops' exports, in Chinese and in English.

A field lists its names in order of preference: where a file has two of them, the first wins.
Sources: the headers of Youzan's customer, order and order-line exports, and the words that
free sheets use.
"""

from regulars.ingest.domain.files import FileKind
from regulars.ingest.parsers.sheets import header_key

Synonyms = dict[str, list[str]]


def _words(text: str) -> list[str]:
    return text.split()


_IDENTITY: Synonyms = {
    "phone": _words(
        "手机号 手机 客户手机号 买家手机号 会员手机号 会员手机 手机号码 联系电话 电话"
        " 联系方式 电话号码 买家手机 phone mobile tel telephone phone_number"
        " mobile_number cell customer_phone member_phone buyer_phone"
    ),
    "card": _words(
        "会员卡号 卡号 会员编号 会员号 实体卡号 会员卡 card card_no card_number member_no"
        " member_number membership_no member_card loyalty_card"
    ),
    "external_id": _words(
        "客户ID 会员ID 用户ID 客户编号 用户编号 买家ID 外部ID external_id customer_id"
        " customerid member_id user_id client_id buyer_id customer_no"
    ),
    "email": _words("邮箱 电子邮箱 电子邮件 邮件 买家邮箱 email e-mail mail email_address"),
    "unionid": _words("unionid union_id 微信unionid"),
    "openid": _words("openid open_id 微信openid"),
}

_STORE = _words(
    "门店编码 店铺编码 门店编号 归属店铺 所属店铺 门店 店铺 下单网点 归属门店"
    " 消费门店 下单门店 门店名称 店铺名称 store store_code shop shop_code outlet"
    " branch location store_name"
)

_NUMBER = _words(
    "订单号 订单编号 单号 小票号 交易单号 流水号 销售单号 order_no order_number"
    " order_id orderid invoiceno invoice_no invoice receipt receipt_no transaction_id"
    " number order"
)

_LINE: Synonyms = {
    "sku": _words(
        "规格编码 商品编码 商品条码 货号 条码 sku sku_code stockcode stock_code"
        " product_code product_id item_id item_code barcode"
    ),
    "line_name": _words("商品名称 品名 商品 description product product_name item item_name title"),
    "quantity": _words("商品数量 数量 件数 quantity qty units"),
    "unit_price": _words("商品单价 单价 商品优惠后价格 unitprice unit_price price price_each"),
    "line_amount": _words(
        "商品实际成交金额 商品成交金额 商品金额小计 小计 行金额 line_total line_amount"
        " subtotal extended_price"
    ),
}

SYNONYMS: dict[FileKind, Synonyms] = {
    FileKind.STORES: {
        "code": _words(
            "门店编码 店铺编码 门店编号 店铺编号 编码 编号 store_code code shop_code store_id id"
        ),
        "name": _words("门店名称 店铺名称 门店 店铺 名称 store_name name store shop shop_name"),
        "region": _words("区域 大区 所属区域 地区 城市 region area district city"),
        "brand": _words("品牌 brand"),
        "kind": _words("门店类型 店铺类型 类型 渠道 kind type store_type channel"),
        "zone": _words("时区 zone timezone time_zone"),
    },
    FileKind.PRODUCTS: {
        "sku": _words(
            "规格编码 商品编码 商品条码 货号 编码 条码 sku sku_code stockcode product_code"
            " product_id item_code code"
        ),
        "name": _words("商品名称 名称 品名 商品 name product_name title description product item"),
        "category": _words(
            "商品类目 类目 分类 商品分类 品类 商品分组 category categories product_category"
        ),
        "brand": _words("品牌 商品品牌 brand"),
        "price": _words(
            "商品单价 单价 价格 售价 零售价 销售价 price unit_price unitprice retail_price"
        ),
        "cost": _words("商品成本价 成本价 成本 进价 cost cost_price unit_cost"),
        "currency": _words("币种 货币 currency"),
    },
    FileKind.MEMBERS: {
        **_IDENTITY,
        "name": _words(
            "客户姓名 会员姓名 姓名 名字 真实姓名 name full_name customer_name member_name"
        ),
        "nickname": _words("客户昵称 昵称 微信昵称 会员昵称 nickname nick_name nick"),
        "birthday": _words(
            "客户生日 生日 出生日期 出生年月 birthday birth_date date_of_birth dob birthdate"
        ),
        "gender": _words("客户性别 性别 gender sex"),
        "joined_at": _words(
            "成为会员时间 入会时间 开卡时间 注册时间 成为客户时间 加入时间 joined_at"
            " join_date joined registered_at created_at member_since"
        ),
        "home_store": _words(
            "成为会员店铺 开卡门店 注册门店 归属门店 归属店铺 所属门店 门店 home_store store"
            " store_code"
        ),
        "associate": _words("专属导购 导购 导购员 associate advisor sales_associate"),
        "tags": _words("标签 客户标签 会员标签 tags tag labels"),
    },
    FileKind.ORDERS: {
        "number": _NUMBER,
        **_IDENTITY,
        "state": _words("订单状态 交易状态 状态 state status order_status"),
        "channel": _words("销售渠道 订单来源 渠道 来源渠道 channel sales_channel"),
        "store": _STORE,
        "created_at": _words(
            "订单创建时间 下单时间 创建时间 交易时间 订单时间 消费时间 日期 时间 created_at"
            " order_date order_time invoicedate invoice_date date datetime created"
            " transaction_date ordered_at"
        ),
        "paid_at": _words(
            "买家付款时间 付款时间 支付时间 paid_at payment_time payment_date pay_time"
        ),
        "completed_at": _words(
            "交易成功时间 完成时间 交易完成时间 成交时间 completed_at finished_at completed"
        ),
        "original": _words(
            "原订单号 原单号 关联订单号 原始订单号 original_order original_order_no refund_of"
        ),
        "closed_at": _words("交易关闭时间 关闭时间 取消时间 closed_at cancelled_at canceled_at"),
        "updated_at": _words("更新时间 修改时间 updated_at modified_at last_updated"),
        "goods": _words(
            "商品金额合计 商品总金额 商品金额 商品总价 goods goods_amount subtotal items_total"
        ),
        "shipping": _words("运费 邮费 配送费 shipping shipping_fee freight delivery_fee postage"),
        "discount": _words(
            "店铺优惠合计 优惠金额 优惠 折扣 discount discount_amount total_discount"
        ),
        "points_tender": _words("积分抵扣金额 积分抵现 points_tender points_discount"),
        "paid": _words(
            "订单实付金额 实付金额 实付 订单实收金额 实收金额 实收 支付金额 付款金额 订单金额"
            " 总金额 金额 消费金额 paid amount total amount_paid total_amount order_total"
            " grand_total payment"
        ),
        "refunded": _words(
            "订单已退款金额 已退款金额 退款金额 refunded refund_amount refunded_amount"
            " total_refunded"
        ),
        "refund_state": _words("订单退款状态 退款状态 refund_state refund_status financial_status"),
        "currency": _words("币种 货币 currency"),
        "associate": _words("销售导购 专属导购 导购员 导购 收银员 associate cashier salesperson"),
        **_LINE,
    },
    FileKind.LINES: {
        "number": _NUMBER,
        **_LINE,
        "refunded": _words("商品已退款金额 refunded refund_amount"),
        "refund_state": _words("商品退款状态 refund_state refund_status"),
    },
    FileKind.BALANCES: {
        **_IDENTITY,
        "points": _words(
            "客户积分 可用积分 当前积分 剩余积分 积分 积分余额 points points_balance"
            " available_points"
        ),
        "growth": _words("成长值 经验值 growth growth_value experience"),
        "stored_value": _words(
            "客户储值余额 储值余额 账户余额 卡余额 本金余额 余额 stored_value balance wallet"
        ),
        "lot_amount": _words("批次积分 批次数量 lot_amount lot_points"),
        "earned_on": _words(
            "获得日期 获得时间 发放日期 发放时间 积分获得时间 earned_on earned_at earn_date"
        ),
        "expires_on": _words(
            "到期日期 到期时间 失效日期 过期时间 有效期至 有效期 积分到期时间 expires_on"
            " expires_at expiry expiry_date"
        ),
        "as_of": _words("截止日期 统计日期 as_of as_of_date"),
    },
}

SYNONYM_KEYS: dict[FileKind, dict[str, tuple[str, ...]]] = {
    kind: {field: tuple(header_key(word) for word in words) for field, words in fields.items()}
    for kind, fields in SYNONYMS.items()
}
KNOWN_HEADERS: dict[FileKind, frozenset[str]] = {
    kind: frozenset(key for keys in fields.values() for key in keys)
    for kind, fields in SYNONYM_KEYS.items()
}

REQUIRED: dict[FileKind, tuple[tuple[str, ...], ...]] = {
    FileKind.STORES: (("code", "name"),),
    FileKind.PRODUCTS: (("sku", "name"), ("name",)),
    FileKind.MEMBERS: (("phone", "card", "external_id", "email", "unionid", "openid"),),
    FileKind.ORDERS: (
        ("number",),
        ("paid", "goods", "line_amount", "unit_price"),
        ("created_at", "paid_at", "completed_at"),
    ),
    FileKind.LINES: (("number",), ("sku", "line_name"), ("line_amount", "unit_price")),
    FileKind.BALANCES: (
        ("phone", "card", "external_id", "email", "unionid", "openid"),
        ("points", "growth", "stored_value"),
    ),
}
"""For each kind, groups of fields of which at least one must be found in the header."""

_STATE_WORDS: dict[str, list[str]] = {
    "created": _words(
        "待付款 待支付 未付款 未支付 等待买家付款 已下单 已创建"
        " created pending unpaid new open awaiting_payment wait_buyer_pay on_hold placed draft"
    ),
    "paid": _words(
        "待发货 待成团 待接单 已付款 已支付 等待卖家发货 待自提 待核销 备货中"
        " 已发货 待收货 已签收 配送中 等待买家确认收货 部分发货"
        " paid processing wait_seller_send_goods trade_paid authorized unfulfilled confirmed"
        " accepted shipped delivered in_transit dispatched fulfilled wait_buyer_confirm_goods"
    ),
    "completed": _words(
        "交易完成 交易成功 已完成 完成 成功 已收货 已核销 已自提 completed complete finished"
        " success succeeded done trade_success trade_finished settled"
    ),
    "closed": _words(
        "交易关闭 已关闭 关闭 已取消 取消 交易取消 已作废 作废"
        " closed cancelled canceled void voided failed expired trade_closed"
    ),
    "refunded": _words(
        "全额退款 全额退款成功 全部退款 已退款 退款成功 已全额退款"
        " refunded fully_refunded full_refund"
    ),
    "partially_refunded": _words(
        "部分退款 部分退款成功 已部分退款 partially_refunded partial_refund partly_refunded"
    ),
}
STATE_KEYS: dict[str, str] = {
    header_key(word): state for state, words in _STATE_WORDS.items() for word in words
}
"""What a state is called, by header key, and which of ours it is."""

LEFT_BY_MEMBERS: frozenset[str] = frozenset(
    key
    for field in ("points", "growth", "stored_value")
    for key in SYNONYM_KEYS[FileKind.BALANCES][field]
)
"""Headers that hold balances: `import members` names them and leaves them alone."""
