import { account } from './account';
import { customer } from './customer';
import { operator } from './operator';
import { planner } from './planner';
import { shell } from './shell';

/** The catalogue; English says which keys there are. */
export const en = { ...shell, ...account, ...operator, ...planner, ...customer } as const;
