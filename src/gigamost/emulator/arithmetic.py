"""Sums in a prompt, found and worked out: numbers, signs, brackets and a few functions, nothing else of Python."""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator

Number = int | float

LONGEST = 200  # characters of an expression
BITS = 4096  # of a whole number on the way
_FUNCTIONS: dict[str, Callable[..., Number]] = {
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "log": math.log,
    "log10": math.log10,
    "exp": math.exp,
    "abs": abs,
    "round": round,
    "min": min,
    "max": max,
}
_CONSTANTS = {"pi": math.pi, "e": math.e}
_SIGNS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_NAMES = "|".join([*_FUNCTIONS, *_CONSTANTS])
_EXPRESSION = re.compile(rf"(?<![\w.])(?:(?:{_NAMES})\b|\d+(?:\.\d+)?(?![\w.]*[^\W\d])|\*\*|//|[-+*/%(),]|[ \t])+")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


def find_sum(text: str) -> tuple[str, Number] | None:
    """The longest expression of a text that says something, and its value."""
    for expression in sorted(_candidates(text), key=len, reverse=True):
        value = evaluate(expression)
        if value is not None:
            return expression, value
    return None


def _candidates(text: str) -> Iterator[str]:
    text = _DATE.sub(";", text.replace("^", "**").replace("÷", "/"))
    text = re.sub(r"(?<=[\d)])(\s*)[xх×](\s*)(?=[\d(])", r"\1*\2", text)
    for match in _EXPRESSION.finditer(text):
        expression = match[0].strip(" \t,").removesuffix("-").strip()
        if any(sign in expression for sign in "+-*/%("):
            yield expression


def evaluate(expression: str) -> Number | None:
    """The value, None when it is no sum, too large, or has no value. A bare number is no sum."""
    if len(expression) > LONGEST:
        return None
    try:
        tree = ast.parse(expression, mode="eval").body
        if isinstance(tree, ast.Constant | ast.Name | ast.UnaryOp | ast.Tuple):
            return None
        value = _value(tree)
    except (SyntaxError, ValueError, TypeError, ArithmeticError):
        return None
    return value if math.isfinite(value) else None


def show(value: Number) -> str:
    return str(value) if isinstance(value, int) else f"{value:.10g}"


def _value(node: ast.expr) -> Number:
    """Raises ValueError for what is not covered."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _bounded(_power(_value(left), _value(right)))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _SIGNS:
            return _bounded(_SIGNS[type(sign)](_value(left), _value(right)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*map(_value, args))
        case _:
            raise ValueError(ast.dump(node))


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > BITS:
        raise OverflowError
    if base < 0 and exponent != int(exponent):
        raise ValueError("a complex number")
    power: Number = base**exponent
    return power


def _bounded(value: Number) -> Number:
    if isinstance(value, int) and value.bit_length() > BITS:
        raise OverflowError
    return value
