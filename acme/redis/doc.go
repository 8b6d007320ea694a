// Package redis keeps what a fleet of servers shares (certificates with their keys, accounts, answers to challenges, session-ticket keys) in Redis: a
// [certmagic.Storage]. It is a module of its own, on github.com/redis/go-redis and github.com/bsm/redislock (docs/adr/0012).
//
//	storage, err := redis.Open(ctx, "rediss://paf@redis.example.org:6379/0?prefix=shop&key_file=/etc/paf/storage.key&password_file=/etc/paf/storage.password", redis.Config{})
//	if err != nil {
//		return err
//	}
//	defer storage.Close()
//
// # Locks
//
// A lock is held for [Config.LockTTL], and renewed three times in that while the process that holds it runs. When a machine is
// killed, its locks are free after LockTTL at the latest, and whoever waits for one has it a moment later. A process that was
// stopped, or cut off from Redis, for longer than LockTTL may go on while another has its lock; the log says so, at level Error. What is
// done under a lock has to bear that, as [certmagic.Locker] says.
//
// # Secrets
//
// Private keys lie in Redis as they are, for whoever can read the database, its files and its backups, unless there are
// [Config.Keys]: then values are sealed with AES-256-GCM, each bound to its prefix and its name, so that none can be read, changed or put in
// another's place, in the same fleet or another with the same keys. Names are not sealed, and an old value of a name can be put back. To change the key, put a new one in front of the old one on all
// machines; what is written from then on is sealed with it. A key file is made by
//
//	umask 077; openssl rand -base64 32 >storage.key
//
// # What it needs of Redis
//
// Redis 5 or what speaks its protocol with scripts; a user that may run HGET, HSET, HDEL, HEXISTS, ZADD, ZREM, ZRANGEBYLEX, MULTI, EXEC, EVAL, EVALSHA, PING and what the
// scripts of locks run (GET, GETRANGE, SET, DEL, PEXPIRE); a database that is written to disk (appendonly yes), and the policy noeviction:
// certificates that are lost have to be obtained again, within the CA's limits. Everything is under names that begin with "{prefix}:", which a Cluster
// keeps on one node. Replication of Redis is asynchronous: a lock that was just taken may be lost in a failover.
package redis
