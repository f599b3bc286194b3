"""Types: what a server says its structures are made of, learnt when a tag needs it."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.services import BatchedServices
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import StructureTypeUnknown, StructureUnreadable
from pilotline_edge.structures.definitions import (
    DictionaryType,
    FieldDefinition,
    StructureDefinition,
    TypeKey,
)
from pilotline_edge.structures.dictionary import (
    TypeDictionary,
    dictionary_at,
    dictionary_type,
)
from pilotline_edge.structures.fields import read_fields
from pilotline_edge.structures.learning import DefinitionSource
from pilotline_edge.structures.selection import Held, selected
from pilotline_edge.structures.standard import standard_definition, standard_encoding
from pilotline_edge.subscription.publication import Encoded, Unsupported
from pilotline_plant.field_path import FieldStep

log = structlog.get_logger("pilotline.edge")

_MOST_TYPES = 500
_MOST_DICTIONARIES = 4
_MOST_REMEMBERED = 64
_MOST_ASKED = 8
_RETRY_S = 60.0
_SLOW_RETRY_S = 2.0
_PATIENCE_S = 2.0


class StructureTypes:
    """The data types of one server's structures.

    asyncua keeps the structures of all servers in one list by node id, whose namespace index means
    another type at each server, and puts classes that a server names into its own module, where a
    structure called NodeId takes the place of asyncua's. Here each server has its own definitions,
    and they are data.

    Characteristics
        shared: one for all that reads the machine; who needs a type that another asks for waits for
            that answer
        size: 500 types and 4 type dictionaries; a value of one more cannot be read
        asked: when a value of a type comes that is not known, for 2 s; again a minute after a
            refusal, 2 s after a slow answer
        forgotten: when the server was restarted, since its namespaces may have other indexes
    """

    def __init__(self, session: MachineSession) -> None:
        self._session = session
        self._facts: object = None
        self._keys: dict[ua.NodeId, TypeKey] = {}
        self._definitions: dict[TypeKey, StructureDefinition] = {}
        self._dictionaries: dict[ua.NodeId, TypeDictionary] = {}
        self._refused: dict[ua.NodeId, _Refusal] = {}
        self._asking: dict[ua.NodeId, asyncio.Lock] = {}
        self._read: dict[Encoded, Unsupported] = {}

    def selected(self, value: Held, steps: Sequence[FieldStep]) -> Held:
        """Return what stands at the end of a path into a value, or why nothing does."""
        return selected(value, steps, self.opened)

    async def learn(self, value: Held, steps: Sequence[FieldStep]) -> None:
        """Ask the server for the types on the way to a field, where they are not known.

        What it refuses is the problem of the tags that need it; see `selected`.

        Raises:
            OSError: the connection is lost.
        """
        self._forget_former_run()
        for _ in range(_MOST_ASKED):
            unknown = self._unknown(value, steps)
            if unknown is None:
                return
            if self._refuses(unknown):
                return
            await self._ask_once(unknown)

    async def learn_encoding(self, encoding: ua.NodeId) -> None:
        """Ask the server what a structure encoded so is made of; see `learn`."""
        self._forget_former_run()
        if encoding not in self._keys and encoding not in self._refused:
            await self._ask_once(encoding)

    async def learn_data_type(self, data_type: ua.NodeId) -> StructureDefinition:
        """Return the definition of a data type.

        Raises:
            StructureUnreadable: the server does not describe it.
            OSError: the connection is lost.
        """
        self._forget_former_run()
        await self._define(data_type, await BatchedServices.of(self._session))
        return self._definitions[data_type]

    def definition(self, data_type: TypeKey) -> StructureDefinition | None:
        """Return the definition of a data type that was learnt."""
        return self._definitions.get(data_type)

    def key_of(self, encoding: ua.NodeId) -> TypeKey | None:
        """Return what the definition of an encoding that was learnt is known by."""
        return self._keys.get(encoding)

    def opened(self, encoded: Encoded) -> Unsupported:
        """Return a structure with its fields.

        Raises:
            StructureTypeUnknown: its type was not learnt; says why it could not be.
            StructureUnreadable: its bytes are not what the type says.
        """
        found = self._read.get(encoded)
        if found is not None:
            return found
        definition = self._definitions.get(self._keys.get(encoded.type_id, ua.NodeId()))
        if definition is None:
            refused = self._refused.get(encoded.type_id)
            raise StructureTypeUnknown(
                f"a structure of a type that is not known ({encoded.type_id.to_string()[:80]})"
                if refused is None
                else refused.reason,
                encoded.type_id,
            )
        found = read_fields(definition, encoded.body, self._definitions)
        if len(self._read) >= _MOST_REMEMBERED:
            self._read.clear()
        self._read[encoded] = found
        return found

    def _unknown(self, value: Held, steps: Sequence[FieldStep]) -> ua.NodeId | None:
        """Return the encoding that is missing on the way to a field, if any."""
        missing: list[ua.NodeId] = []

        def opened(encoded: Encoded) -> Unsupported:
            try:
                return self.opened(encoded)
            except StructureTypeUnknown as unknown:
                missing.append(unknown.encoding)
                raise

        selected(value, steps, opened)
        return missing[0] if missing else None

    def _refuses(self, encoding: ua.NodeId) -> bool:
        """Return whether a type was refused and is not to be asked for again yet."""
        refused = self._refused.get(encoding)
        return refused is not None and self._now() < refused.until

    async def _ask_once(self, encoding: ua.NodeId) -> None:
        """Learn what an encoding belongs to, or wait until whoever asks for it already has."""
        asking = self._asking.setdefault(encoding, asyncio.Lock())
        try:
            async with asking:
                if encoding not in self._keys and not self._refuses(encoding):
                    await self._ask(encoding)
        finally:
            self._asking.pop(encoding, None)

    async def _ask(self, encoding: ua.NodeId) -> None:
        """Learn what an encoding belongs to; what was learnt before time is up is kept."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                services = await BatchedServices.of(self._session)
                self._keys[encoding] = await self._learnt(encoding, services)
            self._refused.pop(encoding, None)
        except TimeoutError:
            reason = f"a structure whose type the server did not tell within {_PATIENCE_S:g} s"
            self._refuse(encoding, reason, _SLOW_RETRY_S)
        except (StructureUnreadable, uaerrors.UaError) as error:
            reason = str(error) or type(error).__name__
            self._refuse(encoding, f"a structure whose type cannot be learnt: {reason}", _RETRY_S)

    async def _learnt(self, encoding: ua.NodeId, services: BatchedServices) -> TypeKey:
        """Learn a type by its data type or, from older servers, by their type dictionary."""
        key: TypeKey
        try:
            key = standard_encoding(encoding) or await _data_type_at(encoding, services)
            await self._define(key, services)
        except StructureUnreadable as undescribed:
            try:
                key = await dictionary_type(encoding, services)
                await self._define(key, services)
            except StructureUnreadable as unnamed:
                raise StructureUnreadable(f"{undescribed}; {unnamed}") from unnamed
        return key

    async def _define(self, key: TypeKey, services: BatchedServices) -> None:
        """Learn a type and those that its fields are made of."""
        seen: set[TypeKey] = set()
        wanted = [key]
        while wanted:
            each = wanted.pop()
            if each in seen:
                continue
            seen.add(each)
            definition = self._definitions.get(each)
            if definition is None:
                definition = self._definitions[each] = await self._described(each, services)
            wanted += _within(definition.fields)

    async def _described(self, key: TypeKey, services: BatchedServices) -> StructureDefinition:
        if len(self._definitions) >= _MOST_TYPES:
            raise StructureUnreadable(f"more than {_MOST_TYPES} types of structures")
        if isinstance(key, DictionaryType):
            dictionary = await self._dictionary(key.dictionary, services)
            return dictionary.definition(key.name)
        standard = None if key.NamespaceIndex else standard_definition(_number(key))
        return standard or await DefinitionSource(services).definition(key)

    async def _dictionary(self, node: ua.NodeId, services: BatchedServices) -> TypeDictionary:
        found = self._dictionaries.get(node)
        if found is None:
            if len(self._dictionaries) >= _MOST_DICTIONARIES:
                raise StructureUnreadable(f"more than {_MOST_DICTIONARIES} type dictionaries")
            found = self._dictionaries[node] = await dictionary_at(node, services)
        return found

    def _refuse(self, encoding: ua.NodeId, reason: str, wait_s: float) -> None:
        former = self._refused.get(encoding)
        if len(self._refused) >= _MOST_TYPES:
            self._refused.clear()
        self._refused[encoding] = _Refusal(reason, self._now() + wait_s)
        if former is None or former.reason != reason:
            machine = self._session.machine.id
            log.warning("edge.type_unknown", machine=machine, type=str(encoding), reason=reason)

    def _forget_former_run(self) -> None:
        facts = self._session.facts
        run = None if facts is None else (facts.started, facts.namespaces)
        if run != self._facts:
            self._facts = run
            for each in (
                self._keys,
                self._definitions,
                self._dictionaries,
                self._refused,
                self._read,
            ):
                each.clear()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a type is not known, and the loop time until which it is not asked for again."""

    reason: str
    until: float


async def _data_type_at(encoding: ua.NodeId, services: BatchedServices) -> ua.NodeId:
    """Return the data type that an encoding belongs to."""
    ((references, problem),) = await services.references(
        [encoding], ObjectIds.HasEncoding, inverse=True
    )
    if not references:
        raise StructureUnreadable(
            f"the server names no data type of {encoding.to_string()[:80]} ({problem or 'nothing'})"
        )
    above = references[0].NodeId
    return ua.NodeId(above.Identifier, above.NamespaceIndex, above.NodeIdType)


def _number(node: ua.NodeId) -> int:
    return node.Identifier if isinstance(node.Identifier, int) else 0


def _within(fields: Iterable[FieldDefinition]) -> list[TypeKey]:
    return [each.data_type for each in fields if each.data_type is not None]
