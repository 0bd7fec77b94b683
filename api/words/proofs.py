"""What each proof proves, in Chinese; the English sentence is the proof's own first line."""

from __future__ import annotations

from collections.abc import Mapping

# name of the proof → what it proves
ZH: Mapping[str, str] = {
    "every asset sums to zero": "每种积分收支相抵，总和为零",
    "postings stay in one asset": "每笔过账两边是同一种积分",
    "balances are their postings": "余额等于全部过账之和",
    "chains are whole": "每个账户的明细前后相连，没有缺号",
    "unbounded accounts keep nothing": "发行等账户不留余额",
    "days are summed up rightly": "按日汇总与逐笔过账一致",
    "bounds hold": "余额从未超出限度",
    "bounds are the charts": "账户的限度符合科目规定",
    "transfers have postings": "每张凭证都有过账，编号连续",
    "reversals equal their originals": "冲正与原凭证金额相同",
    "held is the open holds": "冻结数等于未结的冻结之和",
    "holds resolve once": "每笔冻结只了结一次",
    "approved services are credited once": "通过的服务只发放一次，撤回的没有留下发放",
    "short services only earn nothing": "没有发放的，只是太短、已达上限或并入累计的服务",
    "caps are what services took": "上限的计数等于通过的服务之和",
    "places are counted": "名额没有超出，人数与记录相符",
    "numbers of the queue are given once": "候补号不重复",
    "nobody is in two places": "同一人同一时间只在一处",
    "parties are of one task": "家庭、队伍的成员参加的是同一任务",
    "nobody reviews own work": "没有人审核与自己或家人有关的服务",
    "services paid what was agreed": "互助服务按约定支付一次",
    "handouts reached their people": "每次发放都到了名单上的人",
    "two people decided": "提议和确认是两个人",
    "gifts go between members": "转赠只在成员之间，捐赠不到商户和队伍",
    "standings are what the books say": "排名累计与总账一致",
    "frozen rankings are unchanged": "封存的排名没有改动",
    "frozen rankings are complete": "封存的排名没有遗漏",
    "payments are their transfers": "每笔核销与凭证一致",
    "payments have redemptions": "每张核销凭证都有核销记录",
    "refunds are within payments": "退回不超过当初收取",
    "voided payments are reversed": "作废的付款都已冲正",
    "codes work once": "付款码只用一次",
    "holds match redemptions": "预授权与核销结果一致",
    "counters are their redemptions": "每日次数和数量与核销相符",
}
