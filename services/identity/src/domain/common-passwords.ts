/**
 * Passwords that guessers try first, in lower case and without signs. Numbers and signs around them, and signs in place
 * of letters, are recognised by `isCommonPassword`, so a word stands here once.
 */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `
  password passwort passwd pass passphrase mypassword motdepasse contrasena contrasenia senha parola haslo wachtwoord
  losenord salasana kennwort geheim secret secreto topsecret letmein letmeinnow openup opensesame sesame welcome
  welcomeback willkommen bienvenue bienvenido changeme changemenow changeit changethis default temp temporary
  initial initialpassword newpassword oldpassword nopassword defaultpassword adminpassword rootpassword userpassword
  admin administrator adminadmin sysadmin superadmin superuser root rootroot toor user username guest test tester
  testing testtest testuser demo sample example login logmein signin master masterkey access access14 account
  qwerty qwertz azerty qwertyuiop asdf asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc qweasd qweasdzxc asdfasdf
  1q2w3e 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 1qaz2wsx 1qaz2wsx3edc 1qaz2wsx3edc4rfv
  zaq12wsx zaq1zaq1 qwer1234 qwer1234qwer asdf1234 abcd1234 abc123 a1b2c3 a1b2c3d4 a1b2c3d4e5f6 abc123def456
  123123 123321 654321 696969 112233 121212 131313 159753 147258369 147258369147 987654321 123456789 1234567890
  112233445566 123456654321 123321123321 123123123123 102030405060 010203040506 314159265358 271828182845
  iloveyou iloveu iloveme iloveyouso iloveyoubaby iloveyouforever loveyou loveme lovely love lover babygirl baby babe
  sweetheart sweetie honey sunshine sunflower princess prince angel angels butterfly beautiful flower flowers rainbow
  summer winter spring autumn monday friday january december december25 monkey dragon shadow tiger tigger lion panther
  eagle falcon phoenix wolf bear dolphin chicken kitty kitten puppy doggy horse pony unicorn
  football baseball basketball soccer hockey tennis golf golfer cricket rugby liverpool chelsea arsenal manchester
  manchesterunited barcelona realmadrid juventus bayern yankees cowboys steelers lakers
  superman batman spiderman ironman wonderwoman starwars startrek skywalker pokemon pikachu mickey minnie naruto
  minecraft fortnite gandalf matrix hunter ranger killer ninja samurai pirate warrior wizard
  michael michelle jessica jennifer jordan daniel charlie thomas andrew joshua matthew robert george william
  nicole ashley amanda samantha elizabeth maggie ginger pepper buster bailey harley cookie chocolate cheese
  banana cherry orange coffee whiskey computer internet windows samsung google facebook instagram linkedin amazon apple
  microsoft microsoft365 office365 company enterprise server database postgres postgresql oracle mysql redis linux
  ubuntu docker kubernetes cisco hello helloworld helloo hellohello freedom whatever nothing trustno1 trustnoone
  fuckyou fuckoff asshole blahblah jesus jesuschrist godisgood blessed heaven lucky money mustang ferrari porsche
  corvette mercedes toyota yamaha hannah thunder diamond silver golden purple yellow blue green
  correcthorsebatterystaple correcthorse batterystaple thisismypassword thisisapassword mysecretpassword
  ihatepasswords passwordpassword password1password letmeinplease donttellanyone nobodyknows
  `
    .trim()
    .split(/\s+/),
);
